"""Getting an installation ready: secrets, database, set-up link; and checking that it is."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from flask import Flask
from sqlalchemy import exists, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp.core.atomic_files import new_file
from webapp.crypto.vault import MasterKeyUnusable, read_cookie_key, write_new_key
from webapp.db.damage import START_SECONDS, damage_watch, explain
from webapp.db.engine import SQLITE, db
from webapp.db.key_store import key_store
from webapp.db.models import (
    Account,
    Anchor,
    AnchorEmbedding,
    Attempt,
    FailureCount,
    GalleryVersion,
    IdentificationChange,
    InstallationKey,
    Job,
    Model,
    ModelChange,
    Person,
    PersonKey,
    PersonThresholdChange,
    RateLimitWindow,
    Refusal,
    SetupToken,
    ThresholdChange,
)
from webapp.db.models.installation import ONLY_ROW
from webapp.db.transactions import unit_of_work
from webapp.errors.backup import KeyRingBehind
from webapp.inference.active_model import active_model
from webapp.services import audit, audit_head
from webapp.services.accounts.accounts import new_setup_token
from webapp.services.backup.backup import forget_old_keys
from webapp.services.models import vectors
from webapp.settings import Settings, current_settings
from webapp.startup.gallery_loading import read_gallery
from webapp.startup.not_ready import REMEDY, NotReady
from webapp.startup.readiness import HINDRANCES, check_database, check_private, check_secret
from webapp.startup.schema import update_tables

PRIVATE_FOLDER = 0o700
log = logging.getLogger("webapp.startup.prepare")
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
        IdentificationChange,
        SetupToken,
        ThresholdChange,
    )
)
# Tables that hold rows before there is an account: all others mean that the audit log has entries.
BEFORE_ANY_USE = frozenset(
    kind.__tablename__
    for kind in (
        RateLimitWindow,
        FailureCount,
        GalleryVersion,
        InstallationKey,
        Job,
        Refusal,
        SetupToken,
    )
)


def prepare() -> str | None:
    """Make what is missing and bring the database up to date.

    Returns:
        The token of the one-time set-up link, None once there is an account.

    Raises:
        NotReady: if the instance folder cannot be made, if others can read the cookie key, or if
            a used database has lost its own key.
        MasterKeyUnusable: if people are enrolled and the key to them is missing or another one.
        VectorsImpossible: if the database is to compare embeddings and cannot.
        DatabaseDamaged: if SQLite's file is damaged.
    """
    settings = current_settings()
    _make_folder(settings.instance)
    damage_watch().check(START_SECONDS)
    _make_database_file()
    _make_keys(settings)
    update_tables()
    key_store().check_master_key()
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
            lambda: check_secret(app),
            lambda: damage_watch().check(START_SECONDS),
            check_database,
            _check_installation_key,
            vectors.check,
            key_store().check_master_key,
            active_model().warm_up,
            lambda: read_gallery(app),
            _forget_old_keys,
        ):
            try:
                check()
            except HINDRANCES as error:
                words = explain(error) if isinstance(error, SQLAlchemyError) else str(error)
                raise NotReady(words) from error


def _check_installation_key() -> None:
    if db.session.get(InstallationKey, ONLY_ROW) is None:
        raise NotReady(f"the database has no key of the installation's own; {REMEDY}")


def _forget_old_keys() -> None:
    """As a deletion does, which may have been cut short before it.

    A key ring that cannot be written stops nobody from being verified: it is tried again.
    """
    try:
        forget_old_keys()
    except KeyRingBehind as error:
        log.error("%s", error)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(f"the folder {folder} cannot be made: {error.strerror}") from error


def _make_keys(settings: Settings) -> None:
    write_new_key(settings.secret_key_file)
    read_cookie_key(settings.secret_key_file)
    check_private(settings.secret_key_file)
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
        if is_new and not used:
            _check_nothing_lost()
        if is_new:
            session.add(_new_installation_key())
            session.flush()
        if is_new or not used:
            audit.begin(session, used=used)
    if is_new or not used:
        audit_head.begin_head_file(overwrite=False)


def _check_nothing_lost() -> None:
    """Check that no database is missing here, whose place a new one would take.

    Raises:
        NotReady: if files of an installation that was used lie beside an empty database.
    """
    settings = current_settings()
    for file in (settings.key_ring_file, settings.audit_head_file):
        if file.exists():
            raise NotReady(
                f"the database is empty, but {file} is of an installation that was used: bring its "
                "database back (is its disk mounted?), or run: flask --app wsgi restore BACKUP. "
                "A new installation needs a folder of its own, named by INSTANCE"
            )


def _new_installation_key() -> InstallationKey:
    vault = key_store().vault
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
