"""What a person reads when a setting is wrong: one line that says where, which key, which value, what is allowed."""

import re

_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class SettingsError(ValueError):
    """A setting, a file of settings or a variable that cannot be used. Its text is one line without a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))  # a key or a file's name may hold a line's end


def shown(value: object) -> str:
    """A value as it stands in a message: words in quotes, at most sixty characters, never over a line's end."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    is_word = isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(value)
    text = repr(value) if is_word else " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
