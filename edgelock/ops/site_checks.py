"""What the pre-flight looks at outside the strategy: the log, the state directory, and who may read the secrets."""

import stat
from collections.abc import Iterator
from pathlib import Path

from edgelock.kalshi.private_file import PrivateFileError, require_private_file
from edgelock.ops.check_result import CheckResult, failed, passed, skipped
from edgelock.ops.control_client import ask
from edgelock.ops.credentials import credentials_of
from edgelock.ops.durable_checks import durable_checks
from edgelock.ops.instance_lock import InstanceLock
from edgelock.ops.settings import Settings
from edgelock.ops.settings_environment import Secrets
from edgelock.ops.user_error import UserError

SECRETS_FILE = "secrets file"


def site_checks(settings: Settings, secrets: Secrets, dotenv: Path) -> Iterator[CheckResult]:
    """The checks of this machine, in the order in which a start would meet them."""
    yield _mode(settings)
    yield _log_writable(settings.log.path)
    yield _state_lockable(settings.state.directory)
    yield from durable_checks(settings)
    yield _private(SECRETS_FILE, dotenv)
    if secrets.private_key_path is None:
        yield skipped("private key", "no KALSHI_PRIVATE_KEY_PATH is set")
    else:
        yield _private("private key", secrets.private_key_path)
    yield _credentials(settings, secrets)


def _mode(settings: Settings) -> CheckResult:
    found = f"{settings.mode} on {settings.venue.name}, {settings.strategy_name}"
    if settings.mode == "live" and settings.venue.name == "prod":
        return passed("mode", f"{found}: both opt-ins are given, orders are real money")
    return passed("mode", found)


def _log_writable(path: Path) -> CheckResult:
    """Creates the log's directory if it must, and leaves no new file behind."""
    existed = path.exists()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        return failed("log writable", f"{path}: {error.strerror}", "give log.path a file that you may write")
    return passed("log writable", str(path))


def _state_lockable(directory: Path) -> CheckResult:
    try:
        InstanceLock(directory).release()
    except UserError as error:
        if _bot_answers(directory):
            return skipped("state directory", f"{directory} is in use by the running bot")
        return failed(
            "state directory", str(error), "stop the other process, or set state.directory to one of your own"
        )
    rights = stat.S_IMODE(directory.stat().st_mode)
    if rights & 0o077:
        return failed("state directory", f"{directory} has mode {rights:04o}", f"chmod 700 {directory}")
    return passed("state directory", f"{directory} can be locked")


def _bot_answers(directory: Path) -> bool:
    try:
        ask(directory, "status")
    except UserError:
        return False
    return True


def _private(check: str, path: Path) -> CheckResult:
    try:
        require_private_file(path)
    except PrivateFileError as error:
        if check == SECRETS_FILE and not path.exists():
            return skipped(check, f"there is no {path}")
        return failed(check, f"{path} {error.problem}", error.remedy)
    return passed(check, f"{path} is yours alone")


def _credentials(settings: Settings, secrets: Secrets) -> CheckResult:
    if settings.venue.name == "embedded":
        return skipped("credentials", "the embedded exchange makes its own key")
    try:
        credentials_of(settings.venue.name, secrets)
    except UserError as error:
        return failed("credentials", str(error), "see docs/going-live.md")
    return passed("credentials", f"key id and private key for {settings.venue.name} are set and can be used")
