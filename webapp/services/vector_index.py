"""The index by which the database searches many embeddings: built while the app runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlalchemy import Connection, func, select, text

from webapp.extensions import db
from webapp.models.vector import anchor_vector
from webapp.vector_gallery import TUNING, index_name

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
log = logging.getLogger("webapp.services.vector_index")

Listener = Callable[[int], None]


def build_indices(listener: Listener) -> None:
    """Index the anchors of models that have so many that it pays.

    Args:
        listener: is told every few seconds how many anchors of a model are left.
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
    """A connection that may wait, and that alone builds; its settings go with it."""
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
    name, literal = index_name(model_id), model_id.replace("'", "''")
    # Who waited for the lock would be waited for by the one who builds.
    if not connection.scalar(select(func.pg_try_advisory_lock(BUILDING_LOCK))):
        log.warning("the index is being built by another process")
        return
    if connection.scalar(CUT_SHORT, {"name": name}):
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
    connection.exec_driver_sql(f"SET maintenance_work_mem = '{_megabytes(size, anchors)}MB'")
    with _watched(connection, anchors, listener):
        connection.exec_driver_sql(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON anchor_vector "
            f"USING hnsw ((turned::vector({size})) vector_ip_ops) "
            f"WITH (m = {TUNING.links}, ef_construction = {TUNING.building_breadth}) "
            f"WHERE model_id = '{literal}'"
        )


def _megabytes(size: int, anchors: int) -> int:
    """What the graph takes while it is built; one that does not fit is built many times slower.

    An anchor is its numbers, and as many neighbours twice (16 bytes each) as the index links.
    """
    an_anchor = 4 * size + 2 * 16 * TUNING.links + 256
    return max(LEAST_MEGABYTES, anchors * an_anchor // 2**20)


@contextmanager
def _watched(connection: Connection, anchors: int, listener: Listener) -> Iterator[None]:
    pid, done = connection.scalar(select(func.pg_backend_pid())), Event()

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            with connection.engine.connect() as another:
                indexed = another.scalar(INDEXED, {"pid": pid})
            if indexed is not None:
                listener(max(anchors - indexed, 0))

    watcher = Thread(target=watch, name="watch the index", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
