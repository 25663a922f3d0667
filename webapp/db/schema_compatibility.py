"""Two releases on one database: whether the older one can go on working while nodes are updated."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn


def incompatibilities(needed: MetaData, connection: Connection) -> Iterator[str]:
    """What hinders code that knows certain tables from working on a database; nothing if it can.

    Args:
        needed: the tables that the code knows.
        connection: to the database, which may hold more than that: tables, and columns that may
            stay empty or have a default.
    """
    columns = inspect(connection).get_multi_columns()
    for table in needed.sorted_tables:
        there = {column["name"]: column for column in columns.get((None, table.name), [])}
        if not there:
            yield f"{table.name} is missing"
            continue
        for name in table.columns.keys() - there.keys():
            yield f"{table.name}.{name} is missing"
        for name, column in there.items():
            known = table.columns.get(name)
            if _must_be_given(column) and (known is None or known.nullable):
                yield f"{table.name}.{name} may not be empty"


def _must_be_given(column: ReflectedColumn) -> bool:
    return not column["nullable"] and column["default"] is None
