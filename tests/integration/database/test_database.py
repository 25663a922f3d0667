from __future__ import annotations

import sqlite3
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from webapp.db.engine import db
from webapp.db.models import GalleryVersion, PersonKey
from webapp.db.transactions import unit_of_work
from webapp.settings import Settings


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("foreign_keys", 1), ("journal_mode", "wal"), ("secure_delete", 1), ("synchronous", 2)],
)
def test_every_connection_has_sqlites_safe_settings(app: Flask, pragma: str, value: object) -> None:
    assert db.session.scalar(text(f"PRAGMA {pragma}")) == value


@pytest.mark.sqlite
def test_a_unit_of_work_holds_the_lock_from_its_start(app: Flask, settings: Settings) -> None:
    other = sqlite3.connect(settings.instance / "faces.db", timeout=0, isolation_level=None)

    with unit_of_work(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")


def test_a_unit_of_work_that_fails_leaves_nothing(app: Flask) -> None:
    def fail_half_way() -> None:
        with unit_of_work() as session:
            session.get(GalleryVersion, 1).number = 99
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()

    assert db.session.get(GalleryVersion, 1).number == 0


def test_rows_cannot_point_nowhere(app: Flask) -> None:
    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.execute(
            insert(PersonKey).values(person_id=uuid4(), wrapped=b"0", master_key_id="k")
        )
