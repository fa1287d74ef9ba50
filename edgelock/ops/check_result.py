"""One row of the pre-flight's table."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["pass", "warn", "fail", "skipped"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was checked, how it came out, the figures found, and what to do about it (else empty).

    A `fail` refuses a live start; a `warn` does not, and a person should know of it.
    """

    check: str
    outcome: Outcome
    detail: str
    remedy: str = ""


def passed(check: str, detail: str) -> CheckResult:
    """The check found what it should."""
    return CheckResult(check, "pass", detail)


def warned(check: str, detail: str, remedy: str) -> CheckResult:
    """The check found something that a person should know before real orders are sent."""
    return CheckResult(check, "warn", detail, remedy)


def failed(check: str, detail: str, remedy: str) -> CheckResult:
    """The check found something to mend."""
    return CheckResult(check, "fail", detail, remedy)


def skipped(check: str, detail: str) -> CheckResult:
    """There was nothing to check, and why."""
    return CheckResult(check, "skipped", detail)
