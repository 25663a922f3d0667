"""HNSW index for embeddings in the database, built while the app runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from sqlalchemy import Connection, func, select, text

from webapp.db.engine import db
from webapp.gallery.pgvector.gallery import TUNING, index_name
from webapp.gallery.pgvector.table import anchor_vector
from webapp.jobs.queue import Lease, Listener
from webapp.settings import current_settings

LEAST_MEGABYTES = 64
LOOK_SECONDS = 5.0
BUILDING_LOCK = 0x696E646578
CUT_SHORT = text(
    "SELECT true FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"
)
INDEXED = text(
    "SELECT tuples_done FROM pg_stat_progress_create_index "
    "WHERE pid = :pid AND phase LIKE 'building index%'"
)
log = logging.getLogger("webapp.services.models.vector_index")

# Kind of the job that indexes a gallery that has grown.
INDEX_VECTORS = "index_vectors"


def index_vectors(lease: Lease) -> None:
    """Build missing indices: the gallery has grown, or a model is about to become active."""
    if current_settings().vectors_in_database:
        build_indices(lease.advance_alone)


def build_indices(listener: Listener) -> None:
    """Build the missing indices of models with more than `TUNING.exact_up_to` anchors.

    Args:
        listener: called every LOOK_SECONDS with the number of anchors indexed and the total. An
            exception that it raises cancels the build; the next build starts over.
    """
    size = func.min(func.vector_dims(anchor_vector.c.turned))
    of_models = select(anchor_vector.c.model_id, size, func.count())
    many = of_models.group_by(anchor_vector.c.model_id).having(func.count() > TUNING.exact_up_to)
    found = db.session.execute(many).all()
    db.session.rollback()
    for model_id, numbers, anchors in found:
        with _connected() as connection:
            _build(connection, model_id, numbers, anchors, listener)


@contextmanager
def _connected() -> Iterator[Connection]:
    """Open a connection without time-outs, and close it with its settings."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SET lock_timeout = 0")
            yield connection
        finally:
            connection.invalidate()


def _build(
    connection: Connection, model_id: str, size: int, anchors: int, listener: Listener
) -> None:
    name = index_name(model_id)
    # Do not wait for the lock: CREATE INDEX CONCURRENTLY would wait for this transaction in turn.
    if not connection.scalar(select(func.pg_try_advisory_lock(BUILDING_LOCK))):
        log.warning("another process is building the index %s", name)
        return
    try:
        _build_locked(connection, name, model_id, size, anchors, listener)
    finally:
        # A closed connection releases its locks only when the server notices.
        connection.execute(select(func.pg_advisory_unlock(BUILDING_LOCK)))


def _build_locked(
    connection: Connection, name: str, model_id: str, size: int, anchors: int, listener: Listener
) -> None:
    literal = model_id.replace("'", "''")
    if connection.scalar(CUT_SHORT, {"name": name}):
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
    connection.exec_driver_sql(f"SET maintenance_work_mem = '{_megabytes(size, anchors)}MB'")
    statement = (
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON anchor_vector "
        f"USING hnsw ((turned::vector({size})) vector_ip_ops) "
        f"WITH (m = {TUNING.m}, ef_construction = {TUNING.ef_construction}) "
        f"WHERE model_id = '{literal}'"
    )
    _run_watched(connection, statement, anchors, listener)


def _megabytes(size: int, anchors: int) -> int:
    """Return the memory for the graph; a graph that does not fit builds many times slower.

    An anchor takes its vector, and 16 bytes for each of twice `TUNING.m` neighbours.
    """
    an_anchor = 4 * size + 2 * 16 * TUNING.m + 256
    return max(LEAST_MEGABYTES, anchors * an_anchor // 2**20)


def _run_watched(connection: Connection, statement: str, anchors: int, listener: Listener) -> None:
    pid, done = connection.scalar(select(func.pg_backend_pid())), 0
    with ThreadPoolExecutor(1) as pool, connection.engine.connect() as another:
        building = pool.submit(connection.exec_driver_sql, statement)
        try:
            while wait([building], LOOK_SECONDS).not_done:
                done = another.scalar(INDEXED, {"pid": pid}) or done
                another.rollback()
                listener(min(done, anchors), anchors)
        except BaseException:
            another.execute(select(func.pg_cancel_backend(pid)))
            raise
    building.result()
