from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, update

import ml
from tests.support.installation import rows_stored
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Model, Person
from webapp.db.transactions import writing
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching import verification
from webapp.services.matching.claimed_identity import claimed_person
from webapp.services.thresholds import verification as thresholds


def fill(known_faces: tuple[tuple[ml.Face, ...], ...], photo: bytes, operator_id: object) -> None:
    store.enrol(NewPerson("ada", "Ada", True), known_faces[0], Actor(operator_id))
    thresholds.change(60, "stricter", Actor(operator_id))
    verification.verify("ada", [photo], Actor(operator_id))


def test_the_migrations_make_exactly_the_tables_of_the_models(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Model.metadata) == []


def test_down_and_up_again_with_rows_in(app: Flask, known_faces, people, operator_id) -> None:
    fill(known_faces, people[0].photos[0], operator_id)
    stored = rows_stored()
    assert min(stored[name] for name in ("person", "anchor_embedding", "attempt", "account")) > 0

    db.session.remove()
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    upgrade()

    assert rows_stored() == dict.fromkeys(stored, 0) | {"gallery_version": 1}


def test_upgrading_again_keeps_every_row(app: Flask, known_faces, people, operator_id) -> None:
    fill(known_faces, people[0].photos[0], operator_id)
    stored = rows_stored()

    db.session.remove()
    upgrade()

    assert rows_stored() == stored


def test_names_stored_with_variation_selectors_are_found(app: Flask, known_faces) -> None:
    person_id = store.enrol(NewPerson("heart\u2764\ufe0f", "Ada", True), known_faces[0], SERVER)
    downgrade(revision="0013")
    with db.engine.connect().execution_options(**writing(db.engine)) as connection:
        connection.execute(update(Person).values(identifier_key="heart\u2764\ufe0f"))
        connection.commit()
    assert claimed_person("heart\u2764\ufe0f") is None
    db.session.remove()

    upgrade()

    assert claimed_person("heart\u2764\ufe0f").id == person_id
    assert claimed_person("heart\u2764").id == person_id
