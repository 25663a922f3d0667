"""Embeddings that the database compares: their table, written beside the encrypted embeddings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sqlalchemy import ColumnElement, exists, func, insert, inspect, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import AnchorEmbedding, PersonKey
from webapp.db.transactions import unit_of_work
from webapp.errors.models import VectorsImpossible
from webapp.gallery.base import ON_DISK, embedding_place
from webapp.gallery.pgvector.table import VECTOR_TABLES, anchor_vector
from webapp.gallery.registry import galleries
from webapp.jobs.queue import Listener
from webapp.services.models.vector_index import build_indices
from webapp.settings import current_settings

AT_ONCE = 500
AVAILABLE = text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
INSTALLED = text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
PREPARE = "run: flask --app wsgi prepare"
WAY_OUT = "or set VECTORS_IN_DATABASE=0: then each process compares in its own memory"


def write(session: Session, row: AnchorEmbedding, embedding: np.ndarray) -> None:
    """Write an embedding beside its encrypted row, if `vectors_in_database` is set.

    Args:
        session: session of the transaction that has written the encrypted row.
        row: the encrypted row.
        embedding: float32 (d,).
    """
    if not current_settings().vectors_in_database:
        return
    turned = embedding @ galleries().rotation(row.model_id, len(embedding))
    session.execute(
        insert(anchor_vector).values(
            embedding_id=row.id,
            anchor_id=row.anchor_id,
            person_id=row.person_id,
            model_id=row.model_id,
            turned=turned,
        )
    )


def get_ready(unwritten: Callable[[int], None], indexed: Listener) -> None:
    """Create the table, write the missing embeddings, and build the indices.

    Args:
        unwritten: called with the number of embeddings left to write.
        indexed: called with the number of embeddings indexed and the total.

    Raises:
        VectorsImpossible: if the database lacks the extension; the message includes the remedy.
    """
    _make_table()
    while _write_missing():
        unwritten(_count_missing())
    build_indices(indexed)


def check() -> None:
    """Check that the database can compare every embedding.

    Raises:
        VectorsImpossible: if it cannot; the message includes the remedy.
    """
    if not current_settings().vectors_in_database:
        return
    if db.session.scalar(INSTALLED) is None or not _has_table():
        raise VectorsImpossible(f"embeddings are not in the database; {PREPARE}, {WAY_OUT}")
    if db.session.scalar(select(AnchorEmbedding.id).where(_lacks_vector()).limit(1)):
        raise VectorsImpossible(f"embeddings are missing in the database; {PREPARE}")


def _has_table() -> bool:
    return inspect(db.session.connection()).has_table(anchor_vector.name)


def _make_table() -> None:
    with unit_of_work() as session:
        if session.scalar(AVAILABLE) is None:
            raise VectorsImpossible(
                "the database server lacks the extension pgvector: install it there (Debian: "
                f"postgresql-VERSION-pgvector), {WAY_OUT}"
            )
        if session.scalar(INSTALLED) is None:
            _install(session)
        VECTOR_TABLES.create_all(session.connection())


def _install(session: Session) -> None:
    try:
        session.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except ProgrammingError as error:
        raise VectorsImpossible(
            "this user may not create extensions: let a superuser run in this database: "
            f"CREATE EXTENSION vector; {WAY_OUT}"
        ) from error


def _lacks_vector() -> ColumnElement[bool]:
    return ~exists().where(anchor_vector.c.embedding_id == AnchorEmbedding.id)


def _count_missing() -> int:
    missing = select(func.count()).select_from(AnchorEmbedding).where(_lacks_vector())
    return db.session.scalar(missing) or 0


def _write_missing() -> int:
    """Write at most AT_ONCE missing embeddings, and return how many were written."""
    with unit_of_work() as session:
        found = session.execute(
            select(AnchorEmbedding, PersonKey.wrapped)
            .join(PersonKey, PersonKey.person_id == AnchorEmbedding.person_id)
            .where(_lacks_vector())
            .limit(AT_ONCE)
        ).all()
        for row, wrapped in found:
            seal = key_store().vault.person_seal(wrapped, row.person_id)
            opened = np.frombuffer(seal.open(row.vector, embedding_place(row.id)), ON_DISK)
            write(session, row, opened)
    return len(found)
