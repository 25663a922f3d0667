"""With 10,000 people and 100,000 attempts, lists use indices and scan no whole table."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

import ml
from tests.support.crowd import add_attempts, enrol_crowd
from tests.support.installation import ADMIN, CHEAP, UNLIMITED, Visitor, words
from webapp import create_app
from webapp.db.engine import db
from webapp.settings import Settings

PEOPLE, ATTEMPTS = 10_000, 100_000
MOST_QUERIES = 12
LISTS = (
    "/people",
    "/people?page=400",
    "/people?q=name+0012",
    "/people?sort=identifier_down",
    "/people?sort=enrolled_down&page=200",
    "/people?sort=pictures",
    "/attempts",
    "/attempts?page=4000",
    "/attempts?result=match",
    "/attempts?result=no-match&page=300",
    "/attempts?kind=identify",
    "/attempts?person=id-00042",
    "/attempts?person=name",
    "/attempts?person=name&page=4000",
    "/attempts?person=name&result=match&page=2000",
    "/attempts?kind=verify&result=match",
)
# Rows of these tables are large or many. A scan is acceptable only over a covering index.
LARGE = re.compile(r"SCAN (attempt|anchor|anchor_embedding)\b(?!.*COVERING INDEX)")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def crowded(
    fresh_installation: Path, tmp_path_factory: pytest.TempPathFactory, real_engine: ml.Engine
) -> Iterator[Flask]:
    instance = tmp_path_factory.mktemp("crowd") / "instance"
    shutil.copytree(fresh_installation, instance)
    app = create_app(
        Settings(instance=instance, password_cost=CHEAP, sign_in_limit=UNLIMITED), real_engine
    )
    with app.app_context():
        add_attempts(enrol_crowd(PEOPLE), ATTEMPTS)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def visitor(crowded: Flask) -> Visitor:
    made = Visitor(crowded)
    made.sign_in(ADMIN)
    return made


@contextmanager
def queries() -> Iterator[list[tuple[str, object]]]:
    """Return the queries of the block, with their parameters."""
    asked: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


def plan(statement: str, parameters: object) -> list[str]:
    explained = db.session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {statement}", parameters
    )
    return [row[3] for row in explained]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_asks_little_and_reads_no_table_as_a_whole(visitor: Visitor, path: str) -> None:
    with queries() as asked:
        answer = visitor.get(path)

    assert answer.status_code == 200
    assert 0 < len(asked) <= MOST_QUERIES
    steps = [step for query in asked for step in plan(*query)]
    db.session.rollback()
    assert not [step for step in steps if LARGE.search(step)]


@pytest.mark.parametrize("order", ["", "&sort=name_down", "&sort=enrolled_down"])
def test_a_page_of_people_is_not_sorted_but_read_in_order(visitor: Visitor, order: str) -> None:
    with queries() as asked:
        visitor.get(f"/people?page=3{order}")

    listing = next(query for query in asked if "FROM person" in query[0] and "LIMIT" in query[0])
    steps = plan(*listing)
    db.session.rollback()
    assert any("USING INDEX" in step for step in steps)
    assert not [step for step in steps if step.startswith("USE TEMP B-TREE FOR ORDER BY")]


def test_totals_are_right(visitor: Visitor) -> None:
    assert "10,000 people" in words(visitor.get("/people"))
    assert "100,000 attempts" in words(visitor.get("/attempts"))
    assert "10,000 attempts" in words(visitor.get("/attempts?kind=identify"))
