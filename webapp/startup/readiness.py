"""Whether this process can serve: what /health/ready answers, and what stops a start."""

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
from webapp.db.models import (
    GalleryVersion,
)
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

LEAST_FREE_BYTES = 50 * MEGABYTE


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


def obstacles(app: Flask) -> set[str]:
    """Names of what stands in the way of serving; empty when all is well."""
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
    """Whether the app can serve, and what stands in the way.

    While the process reads who is enrolled, "warming" is among that, and how far it is beside it.
    """
    found, awaited = obstacles(app), galleries().loading
    answer: dict[str, object] = {"ready": not found, "obstacles": sorted(found)}
    if awaited and awaited.load_progress:
        answer |= {
            "anchors": awaited.load_progress.anchors,
            "anchors_read": awaited.load_progress.done,
        }
    return answer


def _holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (NotReady, OSError, *HINDRANCES):
        db.session.rollback()
        return False
    return True


def _check_gallery() -> None:
    if galleries().loading:
        raise NotReady("who is enrolled is still being read")


def check_secret(app: Flask) -> None:
    """Check that the key of the cookies is there and private; raise NotReady otherwise."""
    file = current_settings().secret_key_file
    if not app.secret_key:
        read_cookie_key(file)
        raise NotReady(f"{file} was made or mended after the start: restart the app")
    check_private(file)


def check_private(file: Path) -> None:
    """Check that nobody else reads a file; raise NotReady otherwise."""
    if file.exists() and is_open_to_others(file):
        raise NotReady(f"{file} can be read by others; run: chmod 600 {file}")


def check_database() -> None:
    """Check tables and version; raise NotReady otherwise."""
    check_tables(db.session.connection())
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
        if not is_locked(error) or lock_watch().observe() > LONGEST_LOCK:
            raise
    else:
        lock_watch().clear()


def _check_disk() -> None:
    free = shutil.disk_usage(current_settings().instance).free
    if free < LEAST_FREE_BYTES:
        raise NotReady(f"only {free // MEGABYTE} megabytes are free on the disk")
