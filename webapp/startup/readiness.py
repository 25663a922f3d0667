"""Readiness of this process: the checks of /health/ready, shared with the start."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ml import ArtifactError
from webapp.core.atomic_files import is_open_to_others
from webapp.crypto.vault import VaultError, read_cookie_key
from webapp.db.damage import DatabaseDamaged, damage_watch
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.lock_watch import lock_watch
from webapp.db.models import GalleryVersion
from webapp.db.transactions import is_locked, unit_of_work
from webapp.errors.backup import KeyRingBehind
from webapp.errors.models import VectorsImpossible
from webapp.gallery.registry import galleries
from webapp.inference.active_model import active_model
from webapp.services.backup import key_ring
from webapp.services.backup.database_copy import is_under_way
from webapp.services.models import vectors
from webapp.settings import MEGABYTE, current_settings
from webapp.startup.not_ready import NotReady
from webapp.startup.schema import check_tables

MIN_FREE_BYTES = 50 * MEGABYTE
CHECK_ERRORS = (
    ArtifactError,
    DatabaseDamaged,
    VaultError,
    VectorsImpossible,
    KeyRingBehind,
    SQLAlchemyError,
)
# The app stays ready while another program writes for up to this time.
MAX_LOCK = timedelta(seconds=30)


def obstacles(app: Flask) -> set[str]:
    """Return the names of the failed checks; empty if the process can serve."""
    checks: dict[str, Callable[[], object]] = {
        "secret key": lambda: check_secret(app),
        "damaged database": damage_watch().check,
        "database": check_database,
        "disk space": _check_disk,
        "master key": key_store().check_master_key,
        "model": active_model().check_model,
        "embeddings": active_model().check_embeddings,
        "vectors": vectors.check,
        "key ring": key_ring.check,
        "warming": _check_gallery,
    }
    return {name for name, check in checks.items() if not _holds(check)}


def health(app: Flask) -> dict[str, object]:
    """Return readiness and obstacles, as /health/ready answers them.

    While the gallery loads, "warming" is an obstacle, and the answer has the progress.
    """
    found, gallery = obstacles(app), galleries().loading
    answer: dict[str, object] = {"ready": not found, "obstacles": sorted(found)}
    progress = gallery.load_progress if gallery else None
    if progress:
        answer |= {"anchors": progress.anchors, "anchors_read": progress.done}
    return answer


def _holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (NotReady, OSError, *CHECK_ERRORS):
        db.session.rollback()
        return False
    return True


def _check_gallery() -> None:
    if galleries().loading:
        raise NotReady("The gallery is still loading.")


def check_secret(app: Flask) -> None:
    """Check that the cookie key exists and is private.

    Raises:
        NotReady: if not.
    """
    file = current_settings().secret_key_file
    if not app.secret_key:
        read_cookie_key(file)
        raise NotReady(f"{file} was created or repaired after the start. Restart the app.")
    check_private(file)


def check_private(file: Path) -> None:
    """Check that only its owner can read a file.

    Raises:
        NotReady: if others can.
    """
    if file.exists() and is_open_to_others(file):
        raise NotReady(f"{file} can be read by others. Run: chmod 600 {file}")


def check_database() -> None:
    """Check the schema, and that the database is complete and writable.

    Raises:
        NotReady: if not.
    """
    check_tables(db.session.connection())
    if is_under_way(db.engine):
        raise NotReady(
            "The database holds an unfinished copy. Continue with: flask --app wsgi copy-database"
        )
    _check_writing()


def _check_writing() -> None:
    """Check that the database is writable; another writer is tolerated for MAX_LOCK."""
    try:
        with unit_of_work(waits=False) as session:
            session.execute(update(GalleryVersion).values(number=GalleryVersion.number))
            session.rollback()
    except DBAPIError as error:
        db.session.rollback()
        if not is_locked(error) or lock_watch().observe() > MAX_LOCK:
            raise
    else:
        lock_watch().clear()


def _check_disk() -> None:
    free = shutil.disk_usage(current_settings().instance).free
    if free < MIN_FREE_BYTES:
        raise NotReady(f"Only {free // MEGABYTE} MB are free on the disk. Free some space.")
