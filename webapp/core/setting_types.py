"""Types of settings, and the reader of their environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
SQLITE_SCHEME = "sqlite:///"
DATABASE_URLS = re.compile(rf"^{SQLITE_SCHEME}|^postgres(ql(\+psycopg)?)?://")
# A name with or without a port, also ".example.org" for all below it, and IPv6 addresses.
HOST = re.compile(r"\.?[\w.-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
ORIGIN = re.compile(r"https?://[^/?#\s@]+")
SECTION, DEFAULT, ACCEPTED, PHRASE = "section", "default", "accepted", "phrase"


class WrongSetting(Exception):
    """A setting is unusable; the message names it and the accepted values."""


def database_url(url: str, name: str = "DATABASE_URL") -> str:
    """Return a database URL with the driver that SQLAlchemy needs.

    Raises:
        WrongSetting: if it is of another kind of database. The URL may hold a password, so the
            message omits it.
    """
    found = DATABASE_URLS.match(url)
    if found is None:
        raise WrongSetting(f"{name} must begin with sqlite:/// or postgresql://")
    scheme = found[0]
    return url if scheme == SQLITE_SCHEME else "postgresql+psycopg://" + url.removeprefix(scheme)


def variable(
    default: object,
    section: str,
    meaning: str,
    accepted: str,
    *,
    shown: str = "",
    phrase: str = "",
    **constraints: Any,
) -> Any:
    """Return the field of a setting that is an environment variable.

    Args:
        default: value without the variable.
        section: heading of its table in the reference.
        meaning: its description in the reference, in Markdown.
        accepted: the accepted values for the reference, in Markdown.
        shown: the default for the reference, in Markdown, if it differs from `default`.
        phrase: the accepted values for an error, after "must be".
        constraints: arguments of pydantic's `Field`.
    """
    extra: JsonDict = {
        SECTION: section,
        DEFAULT: shown or _shown(default),
        ACCEPTED: accepted,
        PHRASE: phrase,
    }
    return Field(default, description=meaning, json_schema_extra=extra, **constraints)


def switch(section: str, meaning: str) -> Any:
    """Return the field of a variable that is on or off, and off by default."""
    return variable(False, section, meaning, "`0`, `1`", phrase="1 (on) or 0 (off)")


def number(
    default: int, section: str, meaning: str, least: int, most: int, *, shown: str = ""
) -> Any:
    """Return the field of a variable with a whole number from `least` to `most`."""
    return variable(
        default,
        section,
        meaning,
        f"{least}–{most}",
        shown=shown,
        phrase=f"a whole number, {least} to {most}",
        ge=least,
        le=most,
    )


def limits(default: str, section: str, meaning: str) -> Any:
    """Return the field of a variable with rate limits."""
    phrase = "such as '10 per minute; 60 per hour'"
    return variable(default, section, meaning, "limits", phrase=phrase)


def documentation(field: FieldInfo) -> dict[str, str]:
    """Return section, default, accepted values and phrase of a variable, empty for other fields."""
    extra = field.json_schema_extra
    return {key: str(text) for key, text in extra.items()} if isinstance(extra, dict) else {}


def wrong_setting(
    settings: type[BaseSettings], error: ValidationError, values: Mapping[str, str]
) -> WrongSetting:
    """Return the error of the first wrong value; one name of a list is shown alone."""
    detail = error.errors()[0]
    field = str(detail["loc"][0])
    value = detail.get("ctx", {}).get("error", values[field])
    phrase = documentation(settings.model_fields[field])[PHRASE]
    return WrongSetting(f"{field.upper()} is {str(value)!r}, but must be {phrase}")


class EnvironmentSource(PydanticBaseSettingsSource):
    """Reads the variables of a mapping; blank ones count as unset."""

    def __init__(self, settings: type[BaseSettings], environment: Mapping[str, str]) -> None:
        super().__init__(settings)
        self._environment = environment

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return text, name and that the text is not JSON; None for unset variables."""
        if not documentation(field):
            return None, field_name, False
        return self._environment.get(field_name.upper(), "").strip() or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the texts of the variables that are set, by field."""
        fields = self.settings_cls.model_fields
        values = (self.get_field_value(field, name) for name, field in fields.items())
        return {name: text for text, name, _ in values if text is not None}


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return f"`{int(default)}`"
    return f"`{default}`" if default not in ("", None, ()) else "none"


def _parse_switch(value: object) -> object:
    text = value.lower() if isinstance(value, str) else value
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    if isinstance(value, str):
        raise ValueError(value)
    return value


def _check_digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError(value)
    return value


def _split(value: object, form: re.Pattern[str]) -> object:
    if not isinstance(value, str):
        return value
    names = [name.strip().rstrip("/") for name in value.split(",") if name.strip()]
    for name in names:
        if not form.fullmatch(name):
            raise ValueError(name)
    return tuple(names)


def _check_limits(value: str) -> str:
    try:
        is_usable = all(limit.amount > 0 for limit in parse_many(value))
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(value)
    return value


def _check_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(value)
    return value


Switch = Annotated[bool, BeforeValidator(_parse_switch)]
Whole = Annotated[int, BeforeValidator(_check_digits)]
Hosts = Annotated[tuple[str, ...], BeforeValidator(partial(_split, form=HOST))]
Origins = Annotated[tuple[str, ...], BeforeValidator(partial(_split, form=ORIGIN))]
Limits = Annotated[str, AfterValidator(_check_limits)]
Zone = Annotated[str, AfterValidator(_check_zone)]
AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]
