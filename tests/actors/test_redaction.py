import base64
import traceback

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from edgelock.actors.redaction import Redactor, shortened

SIGNATURE = base64.b64encode(bytes(range(256))).decode()
KEY_ID = "a952bcbe-ec3b-4b5b-b8f9-11dae589608c"


def a_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


PEM = a_pem()
PEM_LINES = [text for text in PEM.splitlines() if not text.startswith("-----")]


@pytest.mark.parametrize(
    "text",
    [PEM, f"could not read {PEM!r} here", PEM[:400], PEM[400:], "\n".join(PEM_LINES[2:8]), PEM.replace("\n", "\\n")],
    ids=["whole", "repr", "cut at the end", "cut at the start", "middle lines", "escaped"],
)
def test_key_material_is_removed_however_it_is_cut(text):
    redacted = Redactor().text(text)

    assert not any(pem_line in redacted for pem_line in PEM_LINES[:-1])


@pytest.mark.parametrize(
    "text",
    [
        f"KALSHI-ACCESS-SIGNATURE: {SIGNATURE}",
        f"{{'KALSHI-ACCESS-SIGNATURE': '{SIGNATURE}'}}",
        f"('KALSHI-ACCESS-SIGNATURE', b'{SIGNATURE}')",
        f"kalshi-access-signature={SIGNATURE}",
        f"sent {SIGNATURE} to the venue",
    ],
)
def test_signatures_are_removed(text):
    assert SIGNATURE[:20] not in Redactor().text(text)


def test_a_short_signature_is_removed_by_its_header():
    assert "c2hvcnQ=" not in Redactor().text("'KALSHI-ACCESS-SIGNATURE': 'c2hvcnQ='")


@pytest.mark.parametrize(
    "text", [f"KALSHI-ACCESS-KEY: {KEY_ID}", f'{{"key_id": "{KEY_ID}"}}', f"KALSHI_API_KEY_ID={KEY_ID}"]
)
def test_key_ids_are_shortened(text):
    redacted = Redactor().text(text)

    assert KEY_ID not in redacted
    assert shortened(KEY_ID) in redacted


def test_order_ids_look_like_key_ids_and_stay_whole():
    assert Redactor().text(f"order {KEY_ID} not found") == f"order {KEY_ID} not found"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("POST https://discord.com/api/webhooks/123/abc-DEF_x failed", "abc-DEF"),
        ("POST https://hooks.slack.com/services/T0/B0/xyz failed", "xyz"),
        ("Authorization: Bearer eyJhbGciOi.J9-abc", "eyJhbGciOi"),
        ("{'authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        ("https://user:hunter2@host/path", "hunter2"),
        ("GET /x?a=1&token=abcdef&b=2", "abcdef"),
        ("password = 'hunter2'", "hunter2"),
    ],
)
def test_tokens_are_removed_by_their_shape(text, secret):
    assert secret not in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "[KXNHLGAME-26NOV22TORMTL-TOR] STARTUP SANITY CHECKS\n" + "=" * 100 + "\nTP Offset: 7¢",
        'File "/usr/lib/python3.11/site-packages/urllib3/connectionpool.py", line 7, in urlopen',
        "ws://127.0.0.1:4001/trade-api/ws/v2",
        '{"secrets_path":"state","private_key_path":"key.pem"}',
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert Redactor().text(text) == text


def test_a_registered_secret_is_removed_even_without_a_known_shape():
    redactor = Redactor()
    redactor.register_secret("tiny canary!")

    try:
        raise ValueError("I saw the tiny canary! today")
    except ValueError:
        redacted = redactor.text(traceback.format_exc())

    assert "canary" not in redacted
    assert "ValueError: I saw the [redacted] today" in redacted


def test_a_registered_secret_is_removed_in_its_escaped_and_quoted_forms():
    redactor = Redactor()
    redactor.register_secret("first line of it\nand the second line\n")

    assert "second" not in redactor.text(repr("first line of it\nand the second line"))
    assert "second" not in redactor.text("first%20line%20of%20it%0Aand%20the%20second%20line%0A")
    assert "second" not in redactor.text("... and the second line")


def test_a_text_seen_before_a_secret_was_registered_is_redacted_afterwards():
    redactor = Redactor()
    assert redactor.text("the-late-secret") == "the-late-secret"

    redactor.register_secret("the-late-secret")

    assert redactor.text("the-late-secret") == "[redacted]"


def test_a_registered_key_id_is_shortened_wherever_it_stands():
    redactor = Redactor()
    redactor.register_key_id(KEY_ID)

    assert redactor.text(f"signed by {KEY_ID}.") == "signed by a952…."


@pytest.mark.parametrize(
    "text",
    [
        "POST https://hooks.example.org/in/Zm9vYmFyYmF6cXV4/x failed",
        "Max retries exceeded with url: /in/Zm9vYmFyYmF6cXV4/x (Caused by",
        "token Zm9vYmFyYmF6cXV4 was refused",
    ],
)
def test_a_registered_webhook_is_removed_whole_and_in_the_parts_that_libraries_quote(text):
    redactor = Redactor()
    redactor.register_webhook("https://hooks.example.org/in/Zm9vYmFyYmF6cXV4/x")

    assert "Zm9v" not in redactor.text(text)


def test_a_webhooks_path_is_removed_by_its_shape():
    assert "abc-DEF" not in Redactor().text("Max retries exceeded with url: /api/webhooks/123/abc-DEF_x (Caused by")


def test_a_secret_too_short_to_recognise_is_refused():
    with pytest.raises(ValueError, match="at least 6 characters"):
        Redactor().register_secret("abc")


def test_the_redactor_does_not_show_what_it_knows():
    redactor = Redactor()
    redactor.register_secret("tiny canary!")

    assert "canary" not in repr(redactor)


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_secret_never_survives_whatever_surrounds_it(before, after):
    redactor = Redactor()
    redactor.register_secret("tiny canary!")

    assert "tiny canary!" not in redactor.text(before + "tiny canary!" + after)
