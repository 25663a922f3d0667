"""Settings: read from the environment, typed, checked once at start."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom
from zoneinfo import available_timezones

from flask import current_app
from limits import parse_many

from ml import ARTIFACTS, DEFAULT_MODEL, PROVIDERS, Provider, usable_cores

NAME = "settings"
ROOT = Path(__file__).parents[1]
MEGABYTE = 1_000_000
SQLITE_SCHEME = "sqlite:///"
DATABASE_URLS = re.compile(rf"^{SQLITE_SCHEME}|^postgres(ql(\+psycopg)?)?://")
# A name with or without a port, also ".example.org" for all below it, and IPv6 addresses.
HOST = re.compile(r"\.?[\w.-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
ORIGIN = re.compile(r"https?://[^/?#\s@]+")
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


class WrongSetting(Exception):
    """A setting cannot be used; the text names it and says what is accepted."""


@dataclass(frozen=True)
class PasswordCost:
    """What one argon2id hash costs; the defaults are RFC 9106's for small machines."""

    time_cost: int = 3
    memory_kib: int = 65_536
    parallelism: int = 1


@dataclass(frozen=True)
class Settings:
    """Everything that an installation can choose.

    Attributes:
        instance: folder of the secrets and, by default, the database.
        database_url: SQLite's or PostgreSQL's, which may hold a password; empty means
            `instance/faces.db`.
        vectors_in_database: whether the database compares embeddings, by pgvector.
        model: name of the artifact that serves until an administrator chooses one.
        artifacts: folder of the models.
        onnx_provider: what computes embeddings: "cpu", "cuda" or "coreml".
        master_key, previous_master_key: hexadecimal; in place of the file, and while keys are
            rewrapped. Never in what is printed of the settings.
        key_ring: where the wrapped keys for backups stand; None means in `instance`.
        verify_requires_sign_in: whether verifying is for signed-in people only.
        second_factor_required: whether accounts without a second factor must first set one up.
        https: whether people reach the app by HTTPS; cookies are then sent by HTTPS only.
        proxies: how many reverse proxies of ours stand in front, whose headers are believed.
        hosts: host names the app answers to; empty means any.
        pictures_a_request: pictures accepted in one enrolment.
        frames_a_request: frames accepted in one verification.
        anchors_a_person: pictures kept of one person.
        request_bytes: largest request, in bytes.
        fields_bytes: largest fields of a request besides files, the pictures kept by a page that
            has no scripts among them.
        retention_days: after this long without a new consent a person is deleted; 0 never.
        warning_days: so long before, operators are warned.
        way_back_days: so long after a change of the model the former one's embeddings are kept.
        controller, contact, purpose: who answers for the data, how they are reached, and what faces
            are compared for; shown where consent is asked and on the privacy page.
        own_link_days: how long the link to a person's own page works.
        session_hours: after this long without a request people are signed out.
        longest_session_hours: after this long they are in any case.
        setup_hours: how long the one-time set-up link works.
        sign_in_limit, verify_limit, guidance_limit: requests an address may make.
        forged_limit: requests without a valid token against forgery that an address may make.
        work_share: percentage of the computing cores that an address may use within a minute.
        time_zone: IANA name of the zone of days and times for readers whose own is not known.
        threads: requests that a process answers side by side.
        faces_at_once: pictures that a process looks at side by side: its cores.
        faces_waiting: requests that may wait for their turn; more are asked to come again.
        faces_patience: seconds that they wait at most.
        api_origins: sites whose scripts may use the API from a browser; empty means none.
        password_cost: of hashing a password.
        chance: makes what a challenge is drawn with; only tests put something known in its place.
        log_level: of the app's own log.
    """

    instance: Path = ROOT / "instance"
    database_url: str = field(default="", repr=False)
    vectors_in_database: bool = False
    model: str = DEFAULT_MODEL
    artifacts: Path = ARTIFACTS
    onnx_provider: Provider = "cpu"
    master_key: str = field(default="", repr=False)
    previous_master_key: str = field(default="", repr=False)
    key_ring: Path | None = None
    verify_requires_sign_in: bool = False
    second_factor_required: bool = False
    https: bool = False
    proxies: int = 0
    hosts: tuple[str, ...] = ()
    pictures_a_request: int = 10
    frames_a_request: int = 5
    anchors_a_person: int = 30
    request_bytes: int = 64 * MEGABYTE
    fields_bytes: int = 12 * MEGABYTE
    retention_days: int = 0
    warning_days: int = 30
    way_back_days: int = 7
    controller: str = ""
    contact: str = ""
    purpose: str = ""
    own_link_days: int = 7
    session_hours: int = 8
    longest_session_hours: int = 24 * 7
    setup_hours: int = 24
    sign_in_limit: str = "10 per minute; 60 per hour"
    verify_limit: str = "30 per minute"
    guidance_limit: str = "20 per second"
    forged_limit: str = "30 per minute"
    work_share: int = 50
    threads: int = 16
    faces_at_once: int = usable_cores()
    faces_waiting: int = 8
    faces_patience: int = 10
    api_origins: tuple[str, ...] = ()
    password_cost: PasswordCost = field(default_factory=PasswordCost)
    chance: Callable[[], Random] = SystemRandom
    time_zone: str = "UTC"
    log_level: str = "INFO"

    @property
    def database(self) -> str:
        """The database's URL, as SQLAlchemy names it."""
        return database_url(self.database_url or f"sqlite:///{self.instance / 'faces.db'}")

    @property
    def secret_key_file(self) -> Path:
        """What signs sessions and forms."""
        return self.instance / "secret.key"

    @property
    def master_key_file(self) -> Path:
        """What wraps the people's data keys."""
        return self.instance / "master.key"

    @property
    def next_master_key_file(self) -> Path:
        """The master key that takes over once every key is rewrapped by it."""
        return self.instance / "master.next"

    @property
    def key_ring_file(self) -> Path:
        """Everybody's keys, wrapped, for backups; only the newest one may be kept."""
        return self.key_ring or self.instance / "keyring.json"

    @property
    def audit_head_file(self) -> Path:
        """The number and signature of the audit log's newest entry, outside the database."""
        return self.instance / "audit.head"

    @property
    def certificate_file(self) -> Path:
        """What shows browsers who this is, where the app itself speaks HTTPS."""
        return self.instance / "certificate.pem"

    @property
    def certificate_key_file(self) -> Path:
        """The private key of the certificate."""
        return self.instance / "certificate.key"


def database_url(url: str, name: str = "DATABASE_URL") -> str:
    """A database's URL as SQLAlchemy names it, from how people write it.

    Raises:
        WrongSetting: if it is of another kind of database; it may hold a password, and is not told.
    """
    found = DATABASE_URLS.match(url)
    if found is None:
        raise WrongSetting(f"{name} must begin with sqlite:/// or postgresql://")
    scheme = found[0]
    return url if scheme == SQLITE_SCHEME else "postgresql+psycopg://" + url.removeprefix(scheme)


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables; docs/reference/settings.md lists them.

    Raises:
        WrongSetting: if a value cannot be used.
    """
    read = _Reader(environment)
    plain = Settings()
    if read.switch("VECTORS_IN_DATABASE") and not read.text("DATABASE_URL", "").startswith("post"):
        raise WrongSetting(
            "VECTORS_IN_DATABASE is '1', but must be 0 where DATABASE_URL is not postgresql://"
        )
    return Settings(
        instance=Path(read.text("INSTANCE", str(plain.instance))).absolute(),
        database_url=read.database("DATABASE_URL", plain.database_url),
        vectors_in_database=read.switch("VECTORS_IN_DATABASE"),
        model=read.text("MODEL", plain.model),
        artifacts=Path(read.text("ARTIFACTS", str(plain.artifacts))).absolute(),
        onnx_provider=read.provider("ONNX_PROVIDER", plain.onnx_provider),
        master_key=read.text("MASTER_KEY", ""),
        previous_master_key=read.text("PREVIOUS_MASTER_KEY", ""),
        key_ring=Path(read.text("KEY_RING", "")).absolute() if read.text("KEY_RING", "") else None,
        verify_requires_sign_in=read.switch("VERIFY_REQUIRES_SIGN_IN"),
        second_factor_required=read.switch("SECOND_FACTOR_REQUIRED"),
        https=read.switch("HTTPS"),
        proxies=read.number("PROXIES", plain.proxies, 0, 5),
        hosts=read.names("HOSTS", HOST, "host names such as faces.example.org, without https://"),
        anchors_a_person=read.number("ANCHORS_A_PERSON", plain.anchors_a_person, 1, 1000),
        retention_days=read.number("RETENTION_DAYS", plain.retention_days, 0, 3660),
        warning_days=read.number("WARNING_DAYS", plain.warning_days, 0, 365),
        way_back_days=read.number("WAY_BACK_DAYS", plain.way_back_days, 0, 365),
        controller=read.text("CONTROLLER", plain.controller),
        contact=read.text("CONTACT", plain.contact),
        purpose=read.text("PURPOSE", plain.purpose),
        own_link_days=read.number("OWN_LINK_DAYS", plain.own_link_days, 1, 365),
        session_hours=read.number("SESSION_HOURS", plain.session_hours, 1, 24 * 30),
        longest_session_hours=read.number(
            "LONGEST_SESSION_HOURS", plain.longest_session_hours, 1, 24 * 30
        ),
        setup_hours=read.number("SETUP_HOURS", plain.setup_hours, 1, 24 * 30),
        sign_in_limit=read.limits("SIGN_IN_LIMIT", plain.sign_in_limit),
        verify_limit=read.limits("VERIFY_LIMIT", plain.verify_limit),
        guidance_limit=read.limits("GUIDANCE_LIMIT", plain.guidance_limit),
        forged_limit=read.limits("FORGED_LIMIT", plain.forged_limit),
        work_share=read.number("WORK_SHARE", plain.work_share, 1, 100),
        threads=read.number("THREADS", plain.threads, 1, 1000),
        faces_at_once=read.number("FACES_AT_ONCE", plain.faces_at_once, 1, 256),
        faces_waiting=read.number("FACES_WAITING", plain.faces_waiting, 0, 1000),
        faces_patience=read.number("FACES_PATIENCE", plain.faces_patience, 1, 60),
        api_origins=read.names("API_ORIGINS", ORIGIN, "sites such as https://shop.example"),
        time_zone=read.zone("TIME_ZONE", plain.time_zone),
        log_level=read.choice("LOG_LEVEL", plain.log_level, ("DEBUG", "INFO", "WARNING", "ERROR")),
    )


@dataclass(frozen=True)
class _Reader:
    environment: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.environment.get(name, "").strip() or default

    def database(self, name: str, default: str) -> str:
        url = self.text(name, default)
        if url:
            database_url(url, name)
        return url

    def names(self, name: str, form: re.Pattern[str], words: str) -> tuple[str, ...]:
        found = [one.strip().rstrip("/") for one in self.text(name, "").split(",") if one.strip()]
        for one in found:
            if not form.fullmatch(one):
                raise WrongSetting(f"{name} is {one!r}, but must be {words}")
        return tuple(found)

    def limits(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            if all(item.amount > 0 for item in parse_many(value)):
                return value
        except ValueError:
            pass
        raise WrongSetting(f"{name} is {value!r}, but must be such as '10 per minute; 60 per hour'")

    def switch(self, name: str) -> bool:
        value = self.environment.get(name, "").strip().lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise WrongSetting(f"{name} is {value!r}, but must be 1 (on) or 0 (off)")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.environment.get(name, "").strip() or str(default)
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        raise WrongSetting(f"{name} is {value!r}, but must be a whole number, {least} to {most}")

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value in available_timezones():
            return value
        raise WrongSetting(f"{name} is {value!r}, but must be an IANA name such as Europe/Berlin")

    def provider(self, name: str, default: Provider) -> Provider:
        value = self.text(name, default).lower()
        found = next((known for known in PROVIDERS if known == value), None)
        if found:
            return found
        raise WrongSetting(f"{name} is {value!r}, but must be one of {', '.join(PROVIDERS)}")

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default).upper()
        if value in choices:
            return value
        raise WrongSetting(f"{name} is {value!r}, but must be one of {', '.join(choices)}")


def current_settings() -> Settings:
    """Return the settings of the current app."""
    settings: Settings = current_app.extensions[NAME]
    return settings
