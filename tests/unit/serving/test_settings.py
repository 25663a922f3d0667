from __future__ import annotations

from pathlib import Path

import pytest

from webapp import create_app
from webapp.cli.settings import reference_page
from webapp.core.setting_types import WrongSetting
from webapp.settings import ROOT, Settings, settings_from


def test_an_empty_environment_gives_the_defaults() -> None:
    assert settings_from({}) == Settings()


def test_values_are_read_and_typed() -> None:
    settings = settings_from(
        {
            "INSTANCE": "/srv/faces",
            "VERIFY_REQUIRES_SIGN_IN": "Yes",
            "HTTPS": "1",
            "PROXIES": "2",
            "HOSTS": "faces.example.org, www.example.org",
            "LOG_LEVEL": "warning",
            "ONNX_PROVIDER": "CUDA",
        }
    )

    assert settings.verify_requires_sign_in
    assert settings.https
    assert settings.proxies == 2
    assert settings.hosts == ("faces.example.org", "www.example.org")
    assert settings.log_level == "WARNING"
    assert settings.onnx_provider == "cuda"
    assert settings.database == "sqlite:////srv/faces/faces.db"
    assert settings.master_key_file == Path("/srv/faces/master.key")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS", "maybe"),
        ("PROXIES", "-1"),
        ("PROXIES", "many"),
        ("PROXIES", "²"),
        ("SESSION_HOURS", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("ONNX_PROVIDER", "gpu"),
        ("SIGN_IN_LIMIT", "nonsense"),
        ("VERIFY_LIMIT", "10 per fortnight"),
        ("GUIDANCE_LIMIT", "20"),
        ("FORGED_LIMIT", "-1 per minute"),
        ("FORGED_LIMIT", "0 per minute"),
        ("HOSTS", "https://faces.example.org"),
        ("HOSTS", "faces.example.org, faces.example.org/path"),
        ("API_ORIGINS", "shop.example"),
        ("API_ORIGINS", "*"),
        ("API_ORIGINS", "https://shop.example/path"),
    ],
)
def test_a_wrong_value_is_named_in_a_sentence(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"{name} is .* must be"):
        settings_from({name: value})


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("HOSTS", "faces.example.org, .example.org, localhost:8000, [::1]", 4),
        ("API_ORIGINS", "https://shop.example/, http://localhost:3000", 2),
    ],
)
def test_common_spellings_of_values_are_read(name: str, value: str, read: int) -> None:
    found = getattr(settings_from({name: value}), name.lower())

    assert len(found) == read
    assert not any(one.endswith("/") for one in found)


@pytest.mark.parametrize("name", ["REQUEST_BYTES", "CHANCE", "proxies"])
def test_nothing_but_the_documented_variables_is_read(name: str) -> None:
    assert settings_from({name: "1"}) == Settings()


def test_a_blank_variable_counts_as_unset() -> None:
    assert settings_from({"PROXIES": " ", "KEY_RING": "", "HTTPS": ""}) == Settings()


@pytest.mark.parametrize("url", ["mysql://ada:secret@host/faces", "secret"])
def test_a_wrong_database_url_is_not_repeated(url: str) -> None:
    with pytest.raises(WrongSetting, match="DATABASE_URL must begin with") as refused:
        settings_from({"DATABASE_URL": url})
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_reference_documents_the_settings() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()

    assert page == f"{reference_page()}\n", (
        "run: flask --app wsgi settings --reference > docs/reference/settings.md"
    )


def test_the_command_names_sources_and_masks_secrets(tmp_path: Path) -> None:
    app = create_app(
        settings_from(
            {
                "INSTANCE": str(tmp_path),
                "DATABASE_URL": "postgresql://ada:secret@host/faces?password=secret",
                "MASTER_KEY": "secret",
                "PREVIOUS_MASTER_KEY": "secret",
                "HTTPS": "yes",
                "HOSTS": "a.example, b.example",
            }
        )
    )

    printed = app.test_cli_runner().invoke(args=["settings"]).output

    assert "secret" not in printed
    rows = dict(line.split(maxsplit=1) for line in printed.splitlines())
    assert rows["DATABASE_URL"].split() == [
        "environment",
        "postgresql+psycopg://ada:***@host/faces",
    ]
    assert rows["MASTER_KEY"].split() == ["environment", "***"]
    assert rows["HTTPS"].split() == ["environment", "1"]
    assert rows["HOSTS"].split(maxsplit=1) == ["environment", "a.example, b.example"]
    assert rows["PROXIES"].split() == ["default", "0"]
    assert rows["KEY_RING"].split() == ["default", str(tmp_path / "keyring.json")]
