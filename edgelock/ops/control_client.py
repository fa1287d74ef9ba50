"""Asks the running bot: one request, one answer."""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from edgelock.ops.control_socket import LINE_BYTES_MAX, find_socket_path
from edgelock.ops.user_error import UserError

ANSWER_TIMEOUT_S = 10.0
EXIT_REFUSED = 1


def ask(directory: Path, command: str, **arguments: str) -> Mapping[str, object]:
    """The result of `command` from the bot whose state directory this is.

    Raises UserError (exit code 1) when no bot is running, when it does not answer in time, and with its own words
    when it refuses.
    """
    line = json.dumps({"command": command, **arguments}).encode() + b"\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(os.fspath(find_socket_path(directory)))
        except (FileNotFoundError, ConnectionRefusedError):
            raise UserError(f"no bot is running with the state directory {directory}", exit_code=EXIT_REFUSED) from None
        except OSError as error:
            raise UserError(f"cannot reach the bot: {error.strerror or error}", exit_code=EXIT_REFUSED) from None
        try:
            connection.sendall(line)
            answer = _read_answer(connection)
        except TimeoutError:
            raise UserError(
                f"the bot did not answer within {ANSWER_TIMEOUT_S:g} s; its log says why", exit_code=EXIT_REFUSED
            ) from None
        except (OSError, ValueError):
            raise UserError("the bot hung up without an answer", exit_code=EXIT_REFUSED) from None
    result = answer.get("result")
    if answer.get("ok") is not True or not isinstance(result, Mapping):
        raise UserError(str(answer.get("error", "the bot's answer has no result")), exit_code=EXIT_REFUSED)
    return result


def _read_answer(connection: socket.socket) -> Mapping[str, object]:
    with connection.makefile("rb") as stream:
        answer = json.loads(stream.readline(LINE_BYTES_MAX))
    if not isinstance(answer, dict):
        raise ValueError("the answer is not a JSON object")
    return answer
