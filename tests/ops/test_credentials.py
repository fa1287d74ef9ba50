"""Whose key it is, and whether anybody else could have it, before anything is started or sent."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from edgelock.ops.credentials import credentials_of, require_private_dotenv
from edgelock.ops.settings_environment import Secrets, Variable, secrets_of
from edgelock.ops.settings_error import SettingsError
from edgelock.ops.user_error import UserError

KEY_ID = "11112222-3333-4444-5555-666677778888"
KEY = ed25519.Ed25519PrivateKey.generate()


def pem(key: object = KEY) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()  # type: ignore[attr-defined]


def secrets(key_file: Path | None = None, **given: object) -> Secrets:
    return Secrets(**{"api_key_id": KEY_ID, "private_key_path": key_file, **given})  # type: ignore[arg-type]


def key_file(directory: Path, name: str = "key.pem", content: str | None = None, mode: int = 0o600) -> Path:
    path = directory / name
    path.write_text(pem() if content is None else content)
    path.chmod(mode)
    return path


def refusal(venue: str, given: Secrets) -> str:
    with pytest.raises(UserError) as refused:
        credentials_of(venue, given)
    assert refused.value.exit_code == 2
    text = str(refused.value)
    assert "\n" not in text
    assert not any(line in text for line in pem().splitlines()[1:-1])
    return text


@pytest.mark.parametrize("venue", ["demo", "prod"])
def test_a_private_key_of_ours_is_taken(venue, tmp_path):
    assert credentials_of(venue, secrets(key_file(tmp_path))).may_trade
    assert credentials_of(venue, secrets(private_key_pem=pem())).key_id == KEY_ID


def test_no_key_is_refused_with_the_names_of_the_variables():
    assert refusal("prod", Secrets()) == (
        "venue prod needs KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH (or KALSHI_PRIVATE_KEY) in the environment or "
        ".env: it sends even market data only over a signed connection"
    )


def test_every_bad_key_file_is_refused_with_its_own_reason(tmp_path):
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    bad = {
        key_file(tmp_path, "open.pem", mode=0o644): "may be read by others (mode 0644); chmod 600",
        key_file(tmp_path, "group.pem", mode=0o640): "may be read by others (mode 0640); chmod 600",
        key_file(tmp_path, "text.pem", "no key at all"): "holds no private key in PEM form that can be read",
        key_file(tmp_path, "public.pem", public): "holds a public key; the private key that belongs to it is needed",
        key_file(tmp_path, "ec.pem", pem(ec.generate_private_key(ec.SECP256R1()))): "neither RSA nor Ed25519",
        tmp_path / "none.pem": "does not exist; name the file that holds the key",
        tmp_path: "is not a regular file",
    }

    for path, reason in bad.items():
        text = refusal("prod", secrets(path))
        assert text.startswith(f"key file {path} ")
        assert reason in text


@pytest.mark.parametrize("key_id", ["key-1", KEY_ID[:-1], KEY_ID.replace("-", ""), "g" + KEY_ID[1:]])
def test_a_key_id_that_the_venue_never_gives_is_refused_without_showing_it(key_id, tmp_path):
    text = refusal("prod", secrets(key_file(tmp_path), api_key_id=key_id))

    assert text.startswith("KALSHI_API_KEY_ID is not a key id as the venue gives them")
    assert key_id not in text


@pytest.mark.parametrize(("venue", "declared"), [("prod", "demo"), ("demo", "prod")])
def test_a_key_declared_for_the_other_environment_is_refused(venue, declared, tmp_path):
    path = key_file(tmp_path)

    assert refusal(venue, secrets(path, key_environment=declared)) == (
        f"KALSHI_KEY_ENV says that this key belongs to {declared}, and the venue is {venue}; "
        "keys are not shared between demo and prod"
    )
    assert credentials_of(venue, secrets(path, key_environment=venue)).may_trade


def test_a_key_file_named_after_the_other_environment_is_refused(tmp_path):
    path = key_file(tmp_path, "Kalshi-Demo_key.pem")

    assert "is named after demo, and the venue is prod" in refusal("prod", secrets(path))
    assert credentials_of("demo", secrets(path)).may_trade
    assert credentials_of("prod", secrets(key_file(tmp_path, "demographics.pem"))).may_trade


def test_a_dotenv_with_a_secret_must_be_ours_alone(tmp_path):
    dotenv = key_file(tmp_path, ".env", "DISCORD_WEBHOOK_URL=x", 0o644)

    with pytest.raises(UserError) as refused:
        require_private_dotenv(dotenv, ("DISCORD_WEBHOOK_URL",))

    assert str(refused.value) == (
        f"{dotenv} holds DISCORD_WEBHOOK_URL and may be read by others (mode 0644); chmod 600 {dotenv}"
    )
    require_private_dotenv(dotenv, ())
    dotenv.chmod(0o600)
    require_private_dotenv(dotenv, ("DISCORD_WEBHOOK_URL",))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KALSHI_PRIVATE_KEY_PATH", pem()),
        ("KALSHI_PRIVATE_KEY_PATH", "~nobody-at-all/key.pem"),
        ("KALSHI_KEY_ENV", "production"),
        ("KALSHI_API_KEY_ID", "id"),
        ("DISCORD_WEBHOOK_URL", "http:"),
    ],
)
def test_a_variable_that_cannot_be_what_its_name_says_is_an_error_without_its_value(name, text):
    with pytest.raises(SettingsError, match=name) as refused:
        secrets_of({name: Variable(text, f"environment variable {name}")})

    assert text not in str(refused.value).removeprefix(f"environment variable {name}")
