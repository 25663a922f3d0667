"""Vectors in the database follow their anchors, and are compared as exactly as in memory."""

from __future__ import annotations

from uuid import uuid4

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select, text

import ml
from ml import match_rules
from tests.integration.postgresql.vectors import vectors_kept
from tests.support.changed import changed
from tests.support.installation import rows_stored
from tests.support.postgresql import Postgresql
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.core.setting_types import WrongSetting
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor
from webapp.db.transactions import unit_of_work
from webapp.errors.models import VectorsImpossible
from webapp.gallery.base import Gallery
from webapp.gallery.memory import MemoryGallery
from webapp.gallery.pgvector.gallery import VectorGallery
from webapp.gallery.pgvector.table import anchor_vector
from webapp.gallery.registry import galleries
from webapp.inference.active_model import active_model
from webapp.services.backup import master_key_rotation
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.enrolment.warnings import doubts_before_storing
from webapp.services.matching.identification import identify
from webapp.services.matching.verification import verify
from webapp.services.models import vectors
from webapp.services.people import anchors
from webapp.services.people import people as people_service
from webapp.services.people.similar_people import build_review_list
from webapp.services.thresholds.local_population import own_scores
from webapp.settings import Settings, settings_from
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles


@pytest.fixture
def settings(vector_settings: Settings) -> Settings:
    return vector_settings


@pytest.fixture
def app(prepared_app: Flask) -> Flask:
    return prepared_app


def in_memory() -> Gallery:
    """Return the gallery in memory, of the same anchors."""
    engine = active_model().engine
    normaliser = engine.calibration.normaliser
    return MemoryGallery(
        engine.model_id, engine.embedding_size, normaliser, lambda: key_store().vault
    )


def test_vectors_follow_enrolments_and_deletions(
    app: Flask, two_people, people, operator_id
) -> None:
    assert isinstance(active_model().gallery, VectorGallery)
    assert vectors_kept() == rows_stored()["anchor_embedding"] == 6
    assert verify("person-0", [people[0].photos[2]], SERVER).match
    found = identify([people[1].photos[2]], Actor(operator_id))
    assert found.person.id == two_people[1]

    anchor = db.session.scalar(select(Anchor.id).where(Anchor.person_id == two_people[0]))
    anchors.delete_anchor(two_people[0], anchor, SERVER)
    assert vectors_kept() == 5
    people_service.delete_person(two_people[1], SERVER)

    assert vectors_kept() == 2
    nearest = active_model().gallery.nearest(np.ones(128, np.float32), 5, "best")
    assert [one.person_id for one in nearest] == [two_people[0]]


def test_an_anchor_without_its_vector_is_not_stored(app: Flask, known_faces) -> None:
    with unit_of_work() as session:
        session.execute(text("ALTER TABLE anchor_vector ADD CHECK (model_id = '')"))
    before = rows_stored()

    with pytest.raises(Exception, match="violates check"):
        store.enrol(NewPerson("ada", "Ada", True), known_faces[0], SERVER)

    assert rows_stored() == before
    assert vectors_kept() == 0


@pytest.mark.parametrize("rule", match_rules)
def test_both_galleries_return_the_same(app: Flask, two_people, known_faces, rule: str) -> None:
    there, here = active_model().gallery, in_memory()
    anchor = db.session.scalar(select(Anchor.id).where(Anchor.person_id == two_people[0]))
    anchors.retire_anchor(two_people[0], anchor, SERVER)

    for face in (*known_faces[0], *known_faces[1]):
        found = there.nearest(face.embedding, 2, rule)
        expected = here.nearest(face.embedding, 2, rule)
        assert [one.person_id for one in found] == [one.person_id for one in expected]
        assert [one.anchor_ids for one in found] == [one.anchor_ids for one in expected]
        assert [one.by_rule(rule) for one in found] == pytest.approx(
            [one.by_rule(rule) for one in expected], abs=1e-6
        )
        others = there.nearest(face.embedding, 2, rule, exclude=two_people[0])
        assert [one.person_id for one in others] == [two_people[1]]
    ours, theirs = there.refresh(), here.refresh()
    assert (ours.people, ours.anchors, ours.typical_anchors, ours.anchors_a_person) == (
        theirs.people,
        theirs.anchors,
        theirs.typical_anchors,
        theirs.anchors_a_person,
    )
    assert there.sample().person_ids == here.sample().person_ids
    assert there.anchors_of(two_people[1]).embeddings == pytest.approx(
        here.anchors_of(two_people[1]).embeddings, abs=1e-6
    )
    assert there.similarities(known_faces[0][0].embedding, uuid4()) is None


def test_every_page_about_many_people_works_from_the_database(
    app: Flask, two_people, known_faces
) -> None:
    doubts = doubts_before_storing(np.stack([known_faces[0][0].embedding]), two_people[1])

    assert {doubt.code for doubt in doubts[0]} >= {"like_somebody_else"}
    assert own_scores("best").compared == 2
    assert build_review_list().compared == 2


def test_the_database_holds_no_embedding_as_it_is_and_the_same_cosines(
    app: Flask, two_people, known_faces
) -> None:
    kept = np.array(db.session.scalars(select(anchor_vector.c.turned)).all())
    true = np.stack([face.embedding for faces in known_faces for face in faces])

    assert np.abs(kept @ true.T).max() < 0.6  # two random rotations have next to nothing in common
    assert np.sort(np.ravel(kept @ kept.T)) == pytest.approx(
        np.sort(np.ravel(true @ true.T)), abs=1e-6
    )


def test_a_new_master_key_does_not_change_the_vectors(app: Flask, two_people, people) -> None:
    before = db.session.scalars(select(anchor_vector.c.turned)).all()
    db.session.rollback()

    master_key_rotation.rotate(lambda _left: None, SERVER)

    assert db.session.scalars(select(anchor_vector.c.turned)).all() == before
    galleries()._rotations.clear()
    assert verify("person-0", [people[0].photos[2]], SERVER).match


def test_enabling_pgvector_later_writes_earlier_anchors(
    postgresql_settings: Settings, engine: ml.Engine, enrol, people
) -> None:
    with create_app(postgresql_settings, engine).app_context():
        enrol("ada", photos=3)
        db.session.remove()
        db.engine.dispose()
    later = create_app(changed(postgresql_settings, vectors_in_database=True), engine)
    with later.app_context():
        assert obstacles(later) == {"vectors"}
        ran = later.test_cli_runner().invoke(args=["prepare"])
        assert ran.exit_code == 0, ran.output
        assert vectors_kept() == 3
        assert obstacles(later) == set()
        assert verify("ada", [people[0].photos[2]], SERVER).match
        db.session.remove()
    get_ready(later)
    with later.app_context():
        db.engine.dispose()


def test_without_the_extension_the_remedy_is_named(
    settings: Settings, engine: ml.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "AVAILABLE", text("SELECT 1 WHERE false"))
    bare = create_app(settings, engine)
    with bare.app_context():
        ran = bare.test_cli_runner().invoke(args=["prepare"])
        assert ran.exit_code == 1
        assert "lacks the extension pgvector: install it there" in ran.output
        assert "VECTORS_IN_DATABASE=0" in ran.output
        assert "vectors" in obstacles(bare)
        db.session.remove()
        db.engine.dispose()


def test_a_role_without_the_right_to_create_extensions_is_explained(
    settings: Settings, engine: ml.Engine, postgresql: Postgresql
) -> None:
    name = f"plain_{uuid4().hex}"
    postgresql.execute(f"CREATE ROLE {name} LOGIN")
    url = settings.database_url.replace("//postgres:", f"//{name}:")
    limited = create_app(changed(settings, database_url=url), engine)
    with limited.app_context(), pytest.raises(VectorsImpossible, match="CREATE EXTENSION vector"):
        vectors.get_ready(print, print)
    with limited.app_context():
        db.session.remove()
        db.engine.dispose()


def test_sqlite_compares_no_vectors() -> None:
    with pytest.raises(WrongSetting, match="VECTORS_IN_DATABASE"):
        settings_from({"VECTORS_IN_DATABASE": "1"})
