"""The running bot's ear and the one who asks, over a real Unix socket."""

import json
import os
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edgelock.ops.control_client import ask
from edgelock.ops.control_server import ControlServer
from edgelock.ops.control_socket import ADDRESS_BYTES_MAX, POINTER_NAME
from edgelock.ops.user_error import UserError


def answer_to(connection: socket.socket, sent: bytes) -> bytes:
    """What comes back; nothing when the other side has hung up."""
    try:
        connection.sendall(sent)
        return connection.recv(1000)
    except OSError:
        return b""


class Bot:
    """Answers like a bot would and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, object]] = []
        self.failures: list[Exception] = []

    @property
    def handlers(self) -> dict[str, object]:
        return {"status": self.status, "restart": self.restart, "kill": self.kill}

    def status(self, request: Mapping[str, object]) -> Mapping[str, object]:
        self.asked.append(request)
        return {"mode": "paper", "text": "¢" * 100_000}

    def restart(self, request: Mapping[str, object]) -> Mapping[str, object]:
        raise UserError(f"no market {request['ticker']}")

    def kill(self, request: Mapping[str, object]) -> Mapping[str, object]:
        raise RuntimeError("broken inside")


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def server(tmp_path: Path, bot: Bot) -> Iterator[ControlServer]:
    with ControlServer(tmp_path, bot.handlers, failed=bot.failures.append) as server:  # type: ignore[arg-type]
        yield server


def raw(server: ControlServer, sent: bytes) -> Mapping[str, object]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(server.path))
        connection.sendall(sent)
        return json.loads(connection.makefile("rb").readline())  # type: ignore[no-any-return]


def test_a_question_is_answered_also_a_long_one(tmp_path: Path, server: ControlServer, bot: Bot):
    answer = ask(tmp_path, "status", ticker="T1")

    assert answer == {"mode": "paper", "text": "¢" * 100_000}
    assert bot.asked == [{"command": "status", "ticker": "T1"}]


def test_the_socket_is_for_its_owner_alone(server: ControlServer):
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can call as somebody else")
def test_another_user_gets_no_answer_even_when_the_files_let_him_in(bot: Bot):
    directory = Path(tempfile.mkdtemp())
    with (
        ControlServer(directory, bot.handlers, failed=bot.failures.append) as server,  # type: ignore[arg-type]
        socket.socket(socket.AF_UNIX) as connection,
    ):
        directory.chmod(0o755)
        server.path.chmod(0o666)
        os.seteuid(65534)  # the kernel notes who it was when the connection was made
        try:
            connection.connect(str(server.path))
        finally:
            os.seteuid(0)
        connection.settimeout(20)
        assert answer_to(connection, b'{"command": "status"}\n') == b""
    directory.rmdir()

    assert bot.asked == []


def test_a_refusal_reaches_the_person_in_its_own_words(tmp_path: Path, server: ControlServer):
    with pytest.raises(UserError, match="no market T9") as caught:
        ask(tmp_path, "restart", ticker="T9")
    assert caught.value.exit_code == 1


def test_a_command_that_fails_is_answered_and_the_ear_stays_open(tmp_path: Path, server: ControlServer, bot: Bot):
    with pytest.raises(UserError, match="the command failed: RuntimeError; the log has the details"):
        ask(tmp_path, "kill")

    assert [str(error) for error in bot.failures] == ["broken inside"]
    assert ask(tmp_path, "status")["mode"] == "paper"


def test_an_unknown_command_names_the_known_ones(tmp_path: Path, server: ControlServer):
    with pytest.raises(UserError, match="unknown command 'fly'; known are kill, restart, status"):
        ask(tmp_path, "fly")


@pytest.mark.parametrize("sent", [b"not json\n", b"[1]\n", b"\xff\xfe\n", b"\n", b'{"command": ["status"]}\n'])
def test_nonsense_is_refused_and_does_not_end_the_server(tmp_path: Path, server: ControlServer, sent: bytes):
    assert raw(server, sent)["ok"] is False
    assert ask(tmp_path, "status")["mode"] == "paper"


def test_a_caller_who_hangs_up_is_no_harm(tmp_path: Path, server: ControlServer):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server.path))

    assert ask(tmp_path, "status")["mode"] == "paper"


def test_without_a_bot_there_is_one_clear_line(tmp_path: Path):
    with pytest.raises(UserError, match="no bot is running with the state directory") as caught:
        ask(tmp_path, "status")
    assert caught.value.exit_code == 1


def test_the_socket_file_of_a_dead_bot_is_no_bot_and_is_replaced(tmp_path: Path, bot: Bot):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))

    with pytest.raises(UserError, match="no bot is running"):
        ask(tmp_path, "status")
    with ControlServer(tmp_path, bot.handlers, failed=bot.failures.append):  # type: ignore[arg-type]
        assert ask(tmp_path, "status")["mode"] == "paper"


def test_close_removes_the_socket_and_may_be_repeated(tmp_path: Path, server: ControlServer):
    server.close()
    server.close()

    assert not server.path.exists()


def test_a_handler_may_close_the_server_that_runs_it(tmp_path: Path):
    closed = threading.Event()
    servers: list[ControlServer] = []

    def stop(_: Mapping[str, object]) -> Mapping[str, object]:
        servers[0].close()
        closed.set()
        return {"message": "stopping"}

    servers.append(ControlServer(tmp_path, {"stop": stop}, failed=Bot().failures.append))

    assert ask(tmp_path, "stop") == {"message": "stopping"}
    assert closed.wait(10)


def test_a_deep_state_directory_gets_a_short_socket_path(tmp_path: Path, bot: Bot):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)

    with ControlServer(deep, bot.handlers, failed=bot.failures.append) as server:  # type: ignore[arg-type]
        assert len(bytes(server.path)) <= ADDRESS_BYTES_MAX
        assert ask(deep, "status")["mode"] == "paper"
        folder = server.path.parent

    assert not (deep / POINTER_NAME).exists()
    assert not folder.exists()
