"""The secrets of this process are out of every text, whatever the text is and wherever they came from."""

import stat
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edgelock.ops.command_line import main
from edgelock.ops.crash_report import write_crash_report
from edgelock.ops.secret_redactor import redactor_of, redactor_of_process
from edgelock.ops.settings_environment import Secrets

PEM = (
    generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
KEY_ID = "0ddba11e-ca4a-4a4a-8a4a-ca4a7ca4a7ca"
WEBHOOK = "https://example.org/hook/canary-token-of-the-webhook"
LINES = PEM.splitlines()[1:-2]


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def leaks(text: str) -> list[str]:
    canaries = (KEY_ID, "canary-token", *LINES, *(line[:40] for line in LINES))
    return [canary for canary in canaries if canary in text]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_key_files_own_lines_are_secrets_even_one_by_one(mode: int, desk: Path):
    path = desk / "key.pem"
    path.write_text(PEM)
    path.chmod(mode)
    redactor = redactor_of(Secrets(api_key_id=KEY_ID, private_key_path=path, discord_webhook_url=WEBHOOK))

    text = redactor.text(f"x {LINES[3]} y {KEY_ID} z /hook/canary-token-of-the-webhook {PEM!r}")

    assert leaks(text) == []
    assert "0ddb…" in text


def test_a_key_file_that_cannot_be_read_or_is_empty_holds_nothing_to_hide(desk: Path):
    (desk / "empty.pem").write_text("\n")

    for name in ("none.pem", "empty.pem", "."):
        assert redactor_of(Secrets(private_key_path=desk / name)).text("a word") == "a word"


def test_a_process_without_settings_knows_its_variables_and_its_dotenv(desk: Path):
    (desk / ".env").write_text(f"DISCORD_WEBHOOK_URL={WEBHOOK}\n")

    redactor = redactor_of_process({"KALSHI_PRIVATE_KEY": PEM.replace("\n", "\\n"), "KALSHI_API_KEY_ID": KEY_ID})

    assert leaks(redactor.text(f"{PEM} {LINES[0]} {KEY_ID} {WEBHOOK}")) == []
    (desk / ".env").write_text("no assignment\n")
    assert redactor_of_process({"KALSHI_API_KEY_ID": "x"}).text("a word") == "a word"
    odd = {"KALSHI_API_KEY_ID": "x", "KALSHI_KEY_ENV": "nowhere", "DISCORD_WEBHOOK_URL": "canary-token"}
    assert leaks(redactor_of_process(odd).text("the canary-token")) == []
    assert redactor_of_process({"KALSHI_PRIVATE_KEY_PATH": "k" * 5000}).text("a word") == "a word"


def test_a_crash_report_is_the_owners_alone_and_without_secrets(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KALSHI_PRIVATE_KEY", PEM)
    monkeypatch.setenv("KALSHI_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("DISCORD_WEBHOOK_URL", WEBHOOK)
    (desk / "state").mkdir()
    with pytest.raises(RuntimeError) as raised:
        raise RuntimeError(f"could not send to {WEBHOOK} for {KEY_ID} with {LINES[2]}")

    report = write_crash_report(raised.value)

    assert leaks("".join(traceback.format_exception(raised.value)))
    assert "RuntimeError: could not send to" in report.read_text()
    assert leaks(report.read_text()) == []
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_a_mistake_that_quotes_a_secret_is_told_without_it(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (desk / "settings.yaml").write_text("")
    monkeypatch.setenv("KALSHI_ENV", WEBHOOK)
    monkeypatch.setenv("DISCORD_WEBHOOK_URL", WEBHOOK)

    assert main([]) == 2
    assert leaks(capsys.readouterr().err) == []
