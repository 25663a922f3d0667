from __future__ import annotations

from pathlib import Path

import pytest

from webapp.settings import Settings, WrongSetting, settings_from


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
def test_names_are_read_however_they_are_usually_written(name: str, value: str, read: int) -> None:
    found = getattr(settings_from({name: value}), name.lower())

    assert len(found) == read
    assert not any(one.endswith("/") for one in found)
