"""A mistake or a condition that the person at the keyboard can mend."""


class UserError(Exception):
    """Its text is the one line that is shown; `exit_code` is what the program then ends with."""

    def __init__(self, message: str, *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
