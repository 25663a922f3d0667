"""Copy every row to another database, resumably, and compare the result.

Rows are copied in order of their keys, parents before children. An interrupted copy resumes after
the last row that arrived. Meanwhile a mark of the source is in the target: only a copy from that
source resumes there, and the app does not serve from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    tuple_,
)

from webapp.db.engine import POSTGRESQL, writing
from webapp.db.models import GalleryVersion, InstallationKey, Model
from webapp.errors.backup import CopyImpossible

# Pictures make rows large: a step of 200 rows is some megabytes.
ROWS_A_STEP = 200
SUM_BYTES = 32
# Rows that migrations insert into a fresh database; the source has its own.
SEEDED = frozenset({GalleryVersion.__tablename__})

Listener = Callable[[str, int, int], None]

_MARKS = Table("copy_under_way", MetaData(), Column("source", LargeBinary(32), primary_key=True))


@dataclass(frozen=True)
class Content:
    """Number of rows of a table, and a checksum over all of them, independent of their order."""

    rows: int
    checksum: bytes


def copy_database(source: Engine, target: Engine, listener: Listener) -> dict[str, int]:
    """Copy every row, or resume an interrupted copy; nothing may write meanwhile.

    Args:
        source: database to copy, at the newest version.
        target: database at the newest version; empty, or with a part of this copy.
        listener: called with the table, its number of rows copied, and the total.

    Returns:
        The number of rows of each table.

    Raises:
        CopyImpossible: if the target has other content, the source is not an installation, or the
            two differ in the end, because something wrote meanwhile.
    """
    with _reading(source) as reading:
        _begin(reading, target)
        for table in Model.metadata.sorted_tables:
            _copy_table(reading, target, table, listener)
        with _reading(target) as arrived:
            counts = _compared(reading, arrived)
    with _writing(target) as connection:
        _MARKS.drop(connection)
    return counts


def is_under_way(target: Engine) -> bool:
    """Return whether a database contains an unfinished copy."""
    return inspect(target).has_table(_MARKS.name)


def content(connection: Connection, table: Table) -> Content:
    """Return the number of rows of a table, and their checksum."""
    rows, total = 0, 0
    for row in connection.execute(select(table).execution_options(yield_per=ROWS_A_STEP)):
        digest = sha256(json.dumps([_canonical(value) for value in row]).encode()).digest()
        total += int.from_bytes(digest)
        rows += 1
    return Content(rows, (total % (1 << 8 * SUM_BYTES)).to_bytes(SUM_BYTES))


def _begin(reading: Connection, target: Engine) -> None:
    """Mark the target, or check the mark of an interrupted copy."""
    wrapped = reading.scalar(select(InstallationKey.wrapped))
    if wrapped is None:
        raise CopyImpossible(
            "the source is not an installation; run there: flask --app wsgi prepare"
        )
    mark = sha256(wrapped).digest()
    if is_under_way(target):
        with target.connect() as connection:
            if connection.scalar(select(_MARKS.c.source)) != mark:
                raise CopyImpossible("the target contains part of another installation's copy")
        return
    with _writing(target) as connection:
        for table in Model.metadata.sorted_tables:
            if table.name in SEEDED:
                connection.execute(delete(table))
            elif connection.execute(select(table).limit(1)).first():
                raise CopyImpossible(
                    f"the target is not empty: it has rows in {table.name}; take an empty database"
                )
        _MARKS.create(connection)
        connection.execute(insert(_MARKS).values(source=mark))


def _copy_table(reading: Connection, target: Engine, table: Table, listener: Listener) -> None:
    total = _count(reading, table)
    with target.connect() as connection:
        done, last = _count(connection, table), _last_key(connection, table)
    listener(table.name, done, total)
    while step := reading.execute(_after(table, last).limit(ROWS_A_STEP)).all():
        with _writing(target) as connection:
            connection.execute(insert(table), [dict(row._mapping) for row in step])
        last, done = _key_of(table, step[-1]), done + len(step)
        listener(table.name, done, total)


def _after(table: Table, last: tuple[Any, ...] | None) -> Select[Any]:
    keys = table.primary_key.columns
    rows = select(table).order_by(*keys)
    return rows.where(tuple_(*keys) > tuple_(*last)) if last else rows


def _last_key(connection: Connection, table: Table) -> tuple[Any, ...] | None:
    keys = table.primary_key.columns
    newest = select(*keys).order_by(*(key.desc() for key in keys)).limit(1)
    row = connection.execute(newest).first()
    return tuple(row) if row else None


def _key_of(table: Table, row: Row[Any]) -> tuple[Any, ...]:
    values: Mapping[Any, Any] = row._mapping
    return tuple(values[key] for key in table.primary_key.columns)


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _compared(source: Connection, target: Connection) -> dict[str, int]:
    counts = {}
    for table in Model.metadata.sorted_tables:
        ours, theirs = content(source, table), content(target, table)
        if ours != theirs:
            raise CopyImpossible(
                f"{table.name} differs: {ours.rows} rows in the source, {theirs.rows} in the "
                "target, or other values. Something wrote meanwhile: stop the app, empty the "
                "target and copy again"
            )
        counts[table.name] = ours.rows
    return counts


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection that may stay idle while the other database is read."""
    with engine.connect() as connection:
        if connection.dialect.name == POSTGRESQL:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection


@contextmanager
def _writing(target: Engine) -> Iterator[Connection]:
    options = writing(target)
    with target.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _canonical(value: object) -> object:
    """Return a value as JSON-serialisable, identical for every kind of database."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return value
