"""Getting an installation ready: secrets, database, set-up link; and checking that it is."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask_migrate import Migrate, upgrade
from sqlalchemy import Connection, Engine, exists, inspect, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from ml import ArtifactError
from webapp.core.atomic_files import is_open_to_others, new_file
from webapp.crypto.vault import MasterKeyUnusable, VaultError, write_new_key
from webapp.db.damage import START_SECONDS, DatabaseDamaged, damage_watch, in_words
from webapp.db.engine import SQLITE, db
from webapp.db.models import (
    Account,
    AddressWindow,
    Anchor,
    AnchorEmbedding,
    Attempt,
    FailureCount,
    GalleryVersion,
    InstallationKey,
    Job,
    Model,
    ModelChange,
    Person,
    PersonKey,
    PersonThresholdChange,
    Refusal,
    SearchChange,
    SetupToken,
    ThresholdChange,
)
from webapp.db.models.installation import ONLY_ROW
from webapp.db.schema_compatibility import hindrances
from webapp.db.secure_delete import forget_left_pages
from webapp.db.transactions import is_locked, unit_of_work
from webapp.errors.backup import KeyRingBehind
from webapp.errors.models import VectorsImpossible
from webapp.inference.active_model import recognition
from webapp.jobs.queue import Worker
from webapp.services import audit
from webapp.services.accounts.accounts import new_setup_token
from webapp.services.backup import key_ring
from webapp.services.backup.backup import forget_old_keys
from webapp.services.backup.database_copy import is_under_way
from webapp.services.models import vectors
from webapp.services.models.selection import keep_up
from webapp.settings import MEGABYTE, ROOT, Settings
from webapp.startup.gallery_loading import read_gallery
from webapp.startup.job_handlers import KINDS

MIGRATIONS = ROOT / "migrations"
PRIVATE_FOLDER = 0o700
LEAST_FREE_BYTES = 50 * MEGABYTE
log = logging.getLogger("webapp.startup.prepare")
REMEDY = "run: flask --app wsgi prepare"
HINDRANCES = (
    ArtifactError,
    DatabaseDamaged,
    VaultError,
    VectorsImpossible,
    KeyRingBehind,
    SQLAlchemyError,
)
# Another program may write for so long before the app is not ready.
LONGEST_LOCK = timedelta(seconds=30)
# Tables of releases that had neither a key of the installation's own nor an audit log.
BEFORE_THE_KEY = frozenset(
    kind.__tablename__
    for kind in (
        Account,
        Anchor,
        AnchorEmbedding,
        Attempt,
        GalleryVersion,
        Job,
        ModelChange,
        Person,
        PersonKey,
        PersonThresholdChange,
        SearchChange,
        SetupToken,
        ThresholdChange,
    )
)
# Tables that hold rows before there is an account: all others mean that the audit log has entries.
BEFORE_ANY_USE = frozenset(
    kind.__tablename__
    for kind in (
        AddressWindow,
        FailureCount,
        GalleryVersion,
        InstallationKey,
        Job,
        Refusal,
        SetupToken,
    )
)


class NotReady(Exception):
    """The app cannot serve; the text says why and what to do."""


def prepare() -> str | None:
    """Make what is missing and bring the database up to date.

    Returns:
        The token of the one-time set-up link, None once there is an account.

    Raises:
        NotReady: if others can read the cookie key, or a used database has lost its own key.
        MasterKeyUnusable: if people are enrolled and the key to them is missing or another one.
        VectorsImpossible: if the database is to compare embeddings and cannot.
        DatabaseDamaged: if SQLite's file is damaged.
    """
    settings = recognition().settings
    settings.instance.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    damage_watch().check(START_SECONDS)
    _make_database_file()
    _make_keys(settings)
    _update_tables()
    recognition().check_master_key()
    _make_installation_key()
    if settings.vectors_in_database:
        vectors.get_ready(
            lambda left: log.info("embeddings to be written yet: %s", left),
            lambda done, total: log.info("embeddings indexed: %s of %s", done, total),
        )
    return new_setup_token()


def get_ready(app: Flask) -> None:
    """Check everything and warm the model up, before the first request.

    Raises:
        NotReady: if anything is missing; the text says what to do.
    """
    with app.app_context():
        for check in (
            lambda: _check_secret(app),
            lambda: damage_watch().check(START_SECONDS),
            _check_database,
            vectors.check,
            recognition().warm_up,
            lambda: read_gallery(app),
            _forget_old_keys,
        ):
            try:
                check()
            except HINDRANCES as error:
                words = in_words(error) if isinstance(error, SQLAlchemyError) else str(error)
                raise NotReady(words) from error


def _forget_old_keys() -> None:
    """As a deletion does, which may have been cut short before it.

    A key ring that cannot be written stops nobody from being verified: it is tried again.
    """
    try:
        forget_old_keys()
    except KeyRingBehind as error:
        log.error("%s", error)


def start_background_work(app: Flask) -> Worker:
    """Start this process's thread for background work; call it after the process was forked."""
    errands = (
        keep_up,
        audit.Witness().look,
        forget_left_pages,
        key_ring.Follower().look,
        lambda: recognition().unwritten.write_all(),
        lambda: damage_watch().look(),
    )
    worker = Worker(app, KINDS, errands)
    worker.start()
    return worker


def obstacles(app: Flask) -> set[str]:
    """Names of what stands in the way of serving; empty when all is well."""
    checks: dict[str, Callable[[], object]] = {
        "secret key": lambda: _check_secret(app),
        "damaged database": damage_watch().check,
        "database": _check_database,
        "disk space": _check_disk,
        "master key": recognition().check_master_key,
        "model": recognition().check_model,
        "embeddings": recognition().check_embeddings,
        "vectors": vectors.check,
        "key ring": key_ring.check,
        "warming": _check_gallery,
    }
    return {name for name, check in checks.items() if not _holds(check)}


def health(app: Flask) -> dict[str, object]:
    """Whether the app can serve, and what stands in the way.

    While the process reads who is enrolled, "warming" is among that, and how far it is beside it.
    """
    found, awaited = obstacles(app), recognition().awaited
    answer: dict[str, object] = {"ready": not found, "obstacles": sorted(found)}
    if awaited and awaited.reading:
        answer |= {"anchors": awaited.reading.anchors, "anchors_read": awaited.reading.done}
    return answer


def _holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (NotReady, *HINDRANCES):
        db.session.rollback()
        return False
    return True


def _check_gallery() -> None:
    if recognition().awaited:
        raise NotReady("who is enrolled is still being read")


def _check_secret(app: Flask) -> None:
    file = recognition().settings.secret_key_file
    if not app.secret_key:
        raise NotReady(f"{file} is missing; {REMEDY}")
    _check_private(file)


def _check_private(file: Path) -> None:
    if file.exists() and is_open_to_others(file):
        raise NotReady(f"{file} can be read by others; run: chmod 600 {file}")


def bring_up_to_date(engine: Engine) -> None:
    """Migrate another database than the app's."""
    migrate: Migrate = current_app.extensions["migrate"].migrate
    config = migrate.get_config(str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def check_version(engine: Engine) -> None:
    """Check that a database is at the newest version.

    Raises:
        NotReady: if it is not.
    """
    with engine.connect() as connection:
        _check_version(connection)


def _check_version(connection: Connection) -> None:
    newest, current = _newest_version(), _version(connection)
    if current != newest:
        raise NotReady(f"the database is at version {current}, not {newest}; {REMEDY}")


def _check_tables(connection: Connection) -> None:
    """A later release may have updated the database already, while nodes of this one serve on."""
    if not _is_of_a_later_release(connection):
        _check_version(connection)
        return
    found = ", ".join(hindrances(Model.metadata, connection))
    if found:
        raise NotReady(f"the database is of a later release: {found}; update this node")


def _is_of_a_later_release(connection: Connection) -> bool:
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    return (_version(connection) or _newest_version()) not in known


def _update_tables() -> None:
    with db.engine.connect() as connection:
        if _is_of_a_later_release(connection):
            return
    upgrade(directory=str(MIGRATIONS))


def _newest_version() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_database() -> None:
    _check_tables(db.session.connection())
    if is_under_way(db.engine):
        raise NotReady("the database holds a part of a copy; go on with: copy-database")
    _check_writing()


def _check_writing() -> None:
    """Check that the database can be written to; a program that writes meanwhile is no fault."""
    try:
        with unit_of_work(waits=False) as session:
            session.execute(update(GalleryVersion).values(number=GalleryVersion.number))
            session.rollback()
    except DBAPIError as error:
        db.session.rollback()
        if not is_locked(error) or recognition().locked_for() > LONGEST_LOCK:
            raise
    else:
        recognition().locked_since = None


def _check_disk() -> None:
    free = shutil.disk_usage(recognition().settings.instance).free
    if free < LEAST_FREE_BYTES:
        raise NotReady(f"only {free // MEGABYTE} megabytes are free on the disk")


def _make_keys(settings: Settings) -> None:
    write_new_key(settings.secret_key_file)
    _check_private(settings.secret_key_file)
    if settings.master_key or settings.master_key_file.exists():
        return
    if _holds_keys():
        raise MasterKeyUnusable(
            f"{settings.master_key_file} is missing, and this database holds keys that it wrapped: "
            "bring the file back; a new key could not open what is stored"
        )
    write_new_key(settings.master_key_file)


def _make_database_file() -> None:
    """Make SQLite's file before SQLite does, which would let everybody on the machine read it."""
    file = db.engine.url.database
    if db.engine.dialect.name != SQLITE or not file:
        return
    with suppress(FileExistsError):
        os.close(new_file(Path(file)))


def _make_installation_key() -> None:
    """Make the installation's own key, and begin the audit log with it.

    Raises:
        NotReady: if the key is gone from a database that was used.
    """
    with unit_of_work() as session:
        is_new = session.get(InstallationKey, ONLY_ROW) is None
        used = _holds_more(session, than=BEFORE_ANY_USE)
        if is_new and _holds_more(session, than=BEFORE_THE_KEY):
            raise NotReady(
                "the installation's own key is gone from the database, and with it what its audit "
                "log and its codes are checked by; restore a backup"
            )
        if is_new:
            session.add(_new_installation_key())
            session.flush()
        if is_new or not used:
            audit.begin(session, used=used)
    if is_new or not used:
        audit.begin_head_file(overwrite=False)


def _new_installation_key() -> InstallationKey:
    vault = recognition().vault
    return InstallationKey(wrapped=vault.new_installation_key(), master_key_id=vault.master_key_id)


def _holds_more(session: Session, than: frozenset[str]) -> bool:
    """Whether any table but these has a row."""
    return any(
        session.execute(select(table).limit(1)).first()
        for table in Model.metadata.sorted_tables
        if table.name not in than
    )


def _holds_keys() -> bool:
    """Whether anything is wrapped by a master key: people's keys, or the installation's own."""
    tables = inspect(db.engine)
    return any(
        tables.has_table(kind.__tablename__)
        and db.session.scalar(select(exists().select_from(kind)))
        for kind in (PersonKey, InstallationKey)
    )
