"""Check that an older release can still run on a newer schema during a rolling update."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn


def incompatibilities(needed: MetaData, connection: Connection) -> Iterator[str]:
    """Yield every reason why a release cannot run on a database; nothing if it can.

    Args:
        needed: the tables of the release.
        connection: a connection to the database. It may have more tables, and more columns if they
            are nullable or have a default.
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
            if _is_required(column) and (known is None or known.nullable):
                yield f"{table.name}.{name} may not be empty"


def _is_required(column: ReflectedColumn) -> bool:
    return not column["nullable"] and column["default"] is None
