"""Preparation of an installation (secrets, database, set-up link), and its check at start."""

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
from webapp.services.thresholds import verification
from webapp.settings import Settings, current_settings
from webapp.startup.gallery_loading import load_gallery
from webapp.startup.not_ready import REMEDY, NotReady
from webapp.startup.readiness import CHECK_ERRORS, check_database, check_private, check_secret
from webapp.startup.schema import update_tables

PRIVATE_FOLDER = 0o700
log = logging.getLogger("webapp.startup.prepare")
# Tables of early releases, which had neither an installation key nor an audit log.
TABLES_BEFORE_INSTALLATION_KEY = frozenset(
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
# Tables that may have rows before the first account. A row elsewhere implies audit log entries.
TABLES_BEFORE_FIRST_USE = frozenset(
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
    """Create missing secrets and update the database.

    Returns:
        The token of the one-time set-up link, None once an account exists.

    Raises:
        NotReady: if the instance folder cannot be made, the cookie key is readable by others, or a
            used database has lost its installation key.
        MasterKeyUnusable: if people are enrolled and their master key is missing or another one.
        VectorsImpossible: if VECTORS_IN_DATABASE is set and the database lacks pgvector.
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
            lambda left: log.info("embeddings left to write: %s", left),
            lambda done, total: log.info("embeddings indexed: %s of %s", done, total),
        )
    verification.carry_over()
    return new_setup_token()


def get_ready(app: Flask) -> None:
    """Run all checks and warm up the model, before the first request.

    Raises:
        NotReady: if a check fails; the message has the remedy.
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
            lambda: load_gallery(app),
            _forget_old_keys,
        ):
            try:
                check()
            except CHECK_ERRORS as error:
                reason = explain(error) if isinstance(error, SQLAlchemyError) else str(error)
                raise NotReady(reason) from error


def _check_installation_key() -> None:
    if db.session.get(InstallationKey, ONLY_ROW) is None:
        raise NotReady(f"The database has no installation key. {REMEDY}")


def _forget_old_keys() -> None:
    """Repeat the last step of a deletion, which a crash may have cut off.

    A failed write of the key ring does not stop the start: background work retries it.
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
            f"{settings.master_key_file} is missing, but keys in this database are wrapped by it. "
            "Restore the file; a new key cannot decrypt the stored data."
        )
    write_new_key(settings.master_key_file)


def _make_database_file() -> None:
    """Create SQLite's file with private permissions; SQLite would make it readable by all."""
    file = db.engine.url.database
    if db.engine.dialect.name != SQLITE or not file:
        return
    with suppress(FileExistsError):
        os.close(new_file(Path(file)))


def _make_installation_key() -> None:
    """Create the installation key, and start the audit log with it.

    Raises:
        NotReady: if a used database has lost its installation key.
    """
    with unit_of_work() as session:
        is_new = session.get(InstallationKey, ONLY_ROW) is None
        used = _holds_more(session, than=TABLES_BEFORE_FIRST_USE)
        if is_new and _holds_more(session, than=TABLES_BEFORE_INSTALLATION_KEY):
            raise NotReady(
                "The installation key is missing from the database. Without it the audit log and "
                "the codes cannot be verified. Restore a backup."
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
    """Check that a new database does not replace a lost one.

    Raises:
        NotReady: if the database is empty but files of a used installation exist.
    """
    settings = current_settings()
    for file in (settings.key_ring_file, settings.audit_head_file):
        if file.exists():
            raise NotReady(
                f"The database is empty, but {file} belongs to a used installation. Restore its "
                "database (is its disk mounted?), or run: flask --app wsgi restore BACKUP. "
                "For a new installation set INSTANCE to another folder."
            )


def _new_installation_key() -> InstallationKey:
    vault = key_store().vault
    return InstallationKey(wrapped=vault.new_installation_key(), master_key_id=vault.master_key_id)


def _holds_more(session: Session, than: frozenset[str]) -> bool:
    """Return whether any other table has a row."""
    return any(
        session.execute(select(table).limit(1)).first()
        for table in Model.metadata.sorted_tables
        if table.name not in than
    )


def _holds_keys() -> bool:
    """Return whether the database has a key wrapped by a master key."""
    tables = inspect(db.engine)
    return any(
        tables.has_table(kind.__tablename__)
        and db.session.scalar(select(exists().select_from(kind)))
        for kind in (PersonKey, InstallationKey)
    )
