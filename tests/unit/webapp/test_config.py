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
    ],
)
def test_a_wrong_value_is_named_in_a_sentence(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"{name} is .* must be"):
        settings_from({name: value})
