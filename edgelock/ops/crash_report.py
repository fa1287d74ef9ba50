"""Where the details of an error go that nobody foresaw: a file beside the state, with secrets taken out."""

import os
import tempfile
import traceback
from pathlib import Path

from edgelock.ops.secret_redactor import redactor_of_process

REPORT_NAME = "last-crash.txt"


def write_crash_report(error: BaseException, directory: Path = Path("state")) -> Path:
    """Write the traceback for the owner alone (0600) and return the file.

    Goes to the system's place for temporary files when `directory` does not exist or cannot be written.
    """
    text = redactor_of_process(os.environ).text("".join(traceback.format_exception(error)))
    path = directory / REPORT_NAME
    try:
        return _write(path, text)
    except OSError:
        return _write(Path(tempfile.mkdtemp(prefix="edgelock-")) / REPORT_NAME, text)


def _write(path: Path, text: str) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
