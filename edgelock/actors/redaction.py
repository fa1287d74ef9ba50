"""Secrets out of text, before it reaches a line: the last door, for tracebacks and for libraries that say too much.

Two nets. Shapes: PEM blocks, long base64 (signatures are that), the venue's signature and key headers, webhook URLs,
bearer tokens, passwords in URLs. And exact values: whatever secret the program holds is registered at start, so it
cannot appear in any shape. Key ids are shortened, not removed: a person must be able to tell two keys apart.
"""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

REDACTED = "[redacted]"
KEY_ID_CHARACTERS_SHOWN = 4
SECRET_CHARACTERS_MIN = 6
_SECRET_LINE_CHARACTERS_MIN = 16
_MEMO_CHARACTERS_MAX = 64

_PEM = r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)"
_PEM_TAIL = r"[A-Za-z0-9+/=\s\\]*-----END [A-Z0-9 ]+-----"
# An RSA-PSS signature is 344 or more base64 characters, an Ed25519 one 88; a line of PEM is 64.
_BASE64 = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86,}={0,2}"
_PEM_LINE = r"(?m:^\s*[A-Za-z0-9+/]{64}\s*$)"
# A header in any clothes: "Name: value", "'Name': 'value'", "('Name', b'value')", NAME=value.
_BETWEEN = r"""["']?\s*[:=,]\s*(?:b?["'])?"""

_REMOVED = re.compile("|".join((_PEM, _PEM_TAIL, _PEM_LINE, _BASE64)), re.DOTALL)
_WEBHOOK = re.compile(
    r"(?:https?://[^\s\"'<>\\]*(?:discord(?:app)?\.com/api|hooks\.slack\.com|/webhooks?/)|/api/webhooks/)[^\s\"'<>\\]*",
    re.IGNORECASE,
)
_VALUES_AFTER_NAMES = re.compile(
    r"((?:KALSHI-ACCESS-SIGNATURE|KALSHI_PRIVATE_KEY|\bprivate_key|\bpassword|\bsecret|\bAuthorization)"
    + _BETWEEN
    + r"(?:Bearer\s+|Basic\s+)?)(?!Bearer\b|Basic\b|\[)[^\s\"',;}\])]+",
    re.IGNORECASE,
)
_URL_SECRETS = re.compile(r"([?&](?:token|signature|sig|secret|password|api_key)=)[^&\s\"']+", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"(://)[^/\s:@\"']+:[^/\s@\"']+(@)")
_BEARER = re.compile(r"\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_KEY_IDS_AFTER_NAMES = re.compile(
    r"((?:KALSHI-ACCESS-KEY|KALSHI_API_KEY_ID|\bapi_key_id|\bkey_id)" + _BETWEEN + r")([A-Za-z0-9][A-Za-z0-9_-]{7,})",
    re.IGNORECASE,
)
# One cheap look that lets nearly every string of a line pass: no rule above can match without one of these.
_SUSPICIOUS = re.compile(
    r"-----|KALSHI|Bearer|://|/webhooks/|private_key|password|secret|Authorization|key_id|[?&](?:token|sig|api)"
    r"|[A-Za-z0-9+/]{64}",
    re.IGNORECASE,
)


def shortened(key_id: str) -> str:
    """A key id as people may see it: its first characters."""
    return f"{key_id[:KEY_ID_CHARACTERS_SHOWN]}…"


class Redactor:
    """Redacts text by shape, and by the exact secrets it was told of. Safe to use from any thread.

    Registering is done at start; a secret shorter than SECRET_CHARACTERS_MIN is refused, because redacting it would
    punch holes into ordinary words.
    """

    def __init__(self) -> None:
        self._replacements: tuple[tuple[str, str], ...] = ()
        self._remembered = lru_cache(maxsize=4096)(self._redacted)

    def __repr__(self) -> str:
        return f"Redactor({len(self._replacements)} exact values)"

    def register_secret(self, secret: str) -> None:
        """Never let this value through; nor any longer line of it, nor its escaped or URL-quoted form."""
        lines = [line.strip() for line in secret.splitlines()]
        forms = {secret, secret.strip(), secret.strip().replace("\n", "\\n"), quote(secret, safe="")}
        forms.update(line for line in lines if len(line) >= _SECRET_LINE_CHARACTERS_MIN)
        self._register(dict.fromkeys(forms, REDACTED))

    def register_webhook(self, url: str) -> None:
        """Never let this address through; nor its path or its token, which libraries quote without the host."""
        path = urlsplit(url).path
        parts = (path, *path.split("/"))
        for secret in (url, *(part for part in parts if len(part) >= _SECRET_LINE_CHARACTERS_MIN)):
            self.register_secret(secret)

    def register_key_id(self, key_id: str) -> None:
        """Let this key id through shortened only."""
        self._register({key_id: shortened(key_id)})

    def text(self, text: str) -> str:
        """The text without secrets. Never raises."""
        return self._remembered(text) if len(text) <= _MEMO_CHARACTERS_MAX else self._redacted(text)

    def _register(self, replacements: dict[str, str]) -> None:
        if any(len(value) < SECRET_CHARACTERS_MIN for value in replacements):
            raise ValueError(f"a secret needs at least {SECRET_CHARACTERS_MIN} characters to be recognised in text")
        merged = {**dict(self._replacements), **replacements}
        # Longest first, so that a part of a secret does not break up the whole.
        self._replacements = tuple(sorted(merged.items(), key=lambda pair: -len(pair[0])))
        self._remembered.cache_clear()

    def _redacted(self, text: str) -> str:
        for value, replacement in self._replacements:
            if value in text:
                text = text.replace(value, replacement)
        return _without_secret_shapes(text) if _SUSPICIOUS.search(text) else text


def _without_secret_shapes(text: str) -> str:
    text = _REMOVED.sub(REDACTED, text)
    text = _WEBHOOK.sub("[webhook redacted]", text)
    text = _KEY_IDS_AFTER_NAMES.sub(lambda match: match.group(1) + shortened(match.group(2)), text)
    text = _VALUES_AFTER_NAMES.sub(rf"\1{REDACTED}", text)
    text = _URL_SECRETS.sub(rf"\1{REDACTED}", text)
    text = _URL_CREDENTIALS.sub(rf"\1{REDACTED}\2", text)
    return _BEARER.sub(rf"\1{REDACTED}", text)
