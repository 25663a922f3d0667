"""Settings: read from environment variables, typed and checked once at start.

Each setting is defined once, in `Settings`. `docs/reference/settings.md` is generated from it:
`flask --app wsgi settings --reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom
from typing import Annotated, Literal

from flask import current_app
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ml import ARTIFACTS, DEFAULT_MODEL, PROVIDERS, Provider, usable_cores
from webapp.core.setting_types import (
    AbsolutePath,
    EnvironmentSource,
    Hosts,
    Limits,
    Origins,
    Switch,
    Whole,
    WrongSetting,
    Zone,
    database_url,
    limits,
    number,
    switch,
    variable,
    wrong_setting,
)

NAME = "settings"
ROOT = Path(__file__).parents[1]
MEGABYTE = 1_000_000
PICTURES_A_REQUEST, FRAMES_A_REQUEST = 10, 5
PLACE, KEYS, NETWORK, ACCESS = "Place and data", "Keys", "Network", "Accounts and access"
PEOPLE, LIMITS, PROCESSES = "People and privacy", "Limits", "Processes"


@dataclass(frozen=True)
class PasswordCost:
    """Cost of an argon2id hash; the defaults are RFC 9106's for small machines."""

    time_cost: int = 3
    memory_kib: int = 65_536
    parallelism: int = 1


class Settings(BaseSettings):
    """The settings of an installation; those with a section are environment variables.

    Attributes:
        pictures_a_request: photos accepted in one enrolment.
        frames_a_request: frames accepted in one verification.
        request_bytes: largest request.
        fields_bytes: largest fields of a request without files; pages without scripts keep photos.
        password_cost: cost of hashing a password.
        chance: source of the randomness of challenges; tests make it predictable.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False
    )

    instance: AbsolutePath = variable(
        ROOT / "instance",
        PLACE,
        "the secrets and the database ([files](files.md))",
        "a folder",
        shown="`instance/`",
    )
    database_url: str = variable(
        "",
        PLACE,
        "the database ([PostgreSQL](../how-to/use-postgresql.md))",
        "`sqlite:///…`, `postgresql://…`",
        shown="`sqlite:///INSTANCE/faces.db`",
        repr=False,
    )
    vectors_in_database: Switch = switch(
        PLACE,
        "`1`: PostgreSQL compares embeddings with pgvector, instead of each process in memory",
    )
    model: str = variable(
        DEFAULT_MODEL, PLACE, "active model until an administrator chooses one", "a model's name"
    )
    artifacts: AbsolutePath = variable(
        ARTIFACTS, PLACE, "the models", "a folder", shown="`ml/artifacts/`"
    )
    master_key: str = variable(
        "",
        KEYS,
        "the master key, instead of `instance/master.key`",
        "64 hexadecimal digits",
        repr=False,
    )
    previous_master_key: str = variable(
        "", KEYS, "the former one, while keys are rewrapped", "64 hexadecimal digits", repr=False
    )
    key_ring: AbsolutePath | None = variable(
        None, KEYS, "the wrapped keys for backups", "a file", shown="`INSTANCE/keyring.json`"
    )
    https: Switch = switch(
        NETWORK,
        "`1`: people use HTTPS; cookies are sent by HTTPS only, and browsers stay there (HSTS)",
    )
    proxies: Whole = number(
        0, NETWORK, "number of your reverse proxies; only their forwarded headers count", 0, 5
    )
    hosts: Hosts = variable(
        (),
        NETWORK,
        "host names that the app answers to",
        "names, with commas",
        shown="any",
        phrase="host names such as faces.example.org, without https://",
    )
    api_origins: Origins = variable(
        (),
        NETWORK,
        "sites whose scripts may use the API from a browser",
        "origins, with commas",
        phrase="sites such as https://shop.example",
    )
    verify_requires_sign_in: Switch = switch(ACCESS, "`1`: only signed-in people can verify")
    second_factor_required: Switch = switch(
        ACCESS, "`1`: an account without a second factor can only set one up"
    )
    session_hours: Whole = number(
        8, ACCESS, "a session ends after this time without a request", 1, 24 * 30
    )
    longest_session_hours: Whole = number(
        24 * 7, ACCESS, "a session ends after this time in any case", 1, 24 * 30
    )
    setup_hours: Whole = number(24, ACCESS, "validity of the set-up link", 1, 24 * 30)
    own_link_days: Whole = number(
        7, ACCESS, "validity of a link to a person's own page, counted from its creation", 1, 365
    )
    anchors_a_person: Whole = number(30, PEOPLE, "photos kept of one person", 1, 1000)
    controller: str = variable("", PEOPLE, "who answers for the data", "text")
    contact: str = variable("", PEOPLE, "how to reach them", "text")
    purpose: str = variable("", PEOPLE, "why faces are compared", "text")
    retention_days: Whole = number(
        0, PEOPLE, "people are deleted this long after their last consent; `0`: never", 0, 3660
    )
    warning_days: Whole = number(30, PEOPLE, "their page warns this long before", 0, 365)
    way_back_days: Whole = number(
        7, PEOPLE, "embeddings of the former model are kept this long after a change", 0, 365
    )
    time_zone: Zone = variable(
        "UTC",
        PEOPLE,
        "days and times for readers whose browser has not named its zone",
        "an IANA name, as `Europe/Berlin`",
        phrase="an IANA name such as Europe/Berlin",
    )
    sign_in_limit: Limits = limits(
        "10 per minute; 60 per hour", LIMITS, "sign-in attempts of an address"
    )
    verify_limit: Limits = limits("30 per minute", LIMITS, "verifications of an address")
    guidance_limit: Limits = limits(
        "20 per second", LIMITS, "frames of an address that are analysed for guidance"
    )
    forged_limit: Limits = limits(
        "30 per minute",
        LIMITS,
        "requests of an address without a valid CSRF token; after them its forms are refused for "
        "the rest of the minute",
    )
    work_share: Whole = number(
        50,
        LIMITS,
        "percentage of the cores that an address may use within a minute "
        "([load](../explanation/load.md))",
        1,
        100,
    )
    threads: Whole = number(
        16, PROCESSES, "computing threads in each; at least 6 more than slots and queue", 1, 1000
    )
    faces_at_once: Whole = number(
        usable_cores(), PROCESSES, "face analyses in parallel", 1, 256, shown="cores ÷ `WORKERS`"
    )
    faces_waiting: Whole = number(
        8,
        PROCESSES,
        "queue of requests for face slots, 8 ÷ `WORKERS` in each process; others get 429 with "
        "`Retry-After` at once",
        0,
        1000,
    )
    faces_patience: Whole = number(10, PROCESSES, "seconds that they wait at most", 1, 60)
    onnx_provider: Annotated[Provider, BeforeValidator(str.lower)] = variable(
        "cpu",
        PROCESSES,
        "what computes embeddings; `cuda` needs the package `onnxruntime-gpu` in place of "
        "`onnxruntime`, `coreml` macOS. Each start logs the provider",
        ", ".join(f"`{name}`" for name in PROVIDERS),
        phrase=f"one of {', '.join(PROVIDERS)}",
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)
    ] = variable(
        "INFO",
        PROCESSES,
        "the app's log",
        "`DEBUG`, `INFO`, `WARNING`, `ERROR`",
        phrase="one of DEBUG, INFO, WARNING, ERROR",
    )
    pictures_a_request: int = PICTURES_A_REQUEST
    frames_a_request: int = FRAMES_A_REQUEST
    request_bytes: int = 64 * MEGABYTE
    fields_bytes: int = 12 * MEGABYTE
    password_cost: PasswordCost = Field(default_factory=PasswordCost)
    chance: Callable[[], Random] = SystemRandom

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Accept arguments only: `settings_from` is the one reader of the environment."""
        return (init_settings,)

    @property
    def database(self) -> str:
        """The database URL with the driver that SQLAlchemy needs."""
        return database_url(self.database_url or f"sqlite:///{self.instance / 'faces.db'}")

    @property
    def secret_key_file(self) -> Path:
        """The key that signs sessions and forms."""
        return self.instance / "secret.key"

    @property
    def master_key_file(self) -> Path:
        """The key that wraps the data keys."""
        return self.instance / "master.key"

    @property
    def next_master_key_file(self) -> Path:
        """The next master key, during a rotation."""
        return self.instance / "master.next"

    @property
    def key_ring_file(self) -> Path:
        """The wrapped keys for backups; keep only the newest copy."""
        return self.key_ring or self.instance / "keyring.json"

    @property
    def audit_head_file(self) -> Path:
        """Number and signature of the newest audit entry, outside the database."""
        return self.instance / "audit.head"

    @property
    def certificate_file(self) -> Path:
        """The certificate for HTTPS without a proxy."""
        return self.instance / "certificate.pem"

    @property
    def certificate_key_file(self) -> Path:
        """The private key of the certificate."""
        return self.instance / "certificate.key"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables.

    Raises:
        WrongSetting: if a value is unusable.
    """
    values = EnvironmentSource(Settings, environment)()
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise wrong_setting(Settings, error, values) from None
    if settings.vectors_in_database and not settings.database_url.startswith("post"):
        raise WrongSetting(
            "VECTORS_IN_DATABASE is '1', but must be 0 where DATABASE_URL is not postgresql://"
        )
    if settings.database_url:
        database_url(settings.database_url)
    return settings


def current_settings() -> Settings:
    """Return the settings of the current app."""
    settings: Settings = current_app.extensions[NAME]
    return settings
