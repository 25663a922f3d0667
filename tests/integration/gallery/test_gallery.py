from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select, update

from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.crypto.vault import SealBroken
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, GalleryChange
from webapp.db.transactions import unit_of_work
from webapp.gallery import base
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.people import people as people_service
from webapp.settings import Settings


@pytest.fixture
def two_people(app: Flask, known_faces):
    return [
        store.enrol(NewPerson(f"person-{number}", f"Person {number}", True), faces, SERVER)
        for number, faces in enumerate(known_faces)
    ]


def test_rows_are_contiguous_grouped_by_person_and_as_enrolled(
    app, two_people, known_faces
) -> None:
    rows = active_model().gallery.sample()

    assert rows.embeddings.flags.c_contiguous
    assert rows.embeddings.dtype == np.float32
    assert set(rows.person_ids) == set(two_people)
    for person_id, faces in zip(two_people, known_faces, strict=True):
        own = rows.embeddings[rows.of_person(rows.person_ids.index(person_id))]
        enrolled = np.stack([face.embedding for face in faces])
        assert np.sort(own, axis=0) == pytest.approx(np.sort(enrolled, axis=0), abs=1e-7)


def test_similarities_are_those_with_each_anchor_of_the_person(
    app, two_people, known_faces
) -> None:
    probe = known_faces[0][0].embedding

    found = active_model().gallery.similarities(probe, two_people[1])

    normaliser = active_model().engine.calibration.normaliser
    anchors = normaliser(np.stack([face.embedding for face in known_faces[1]]))
    expected = anchors.similarities(normaliser(probe[None]))[:, 0].tolist()
    assert sorted(found.similarities.tolist()) == pytest.approx(sorted(expected), abs=1e-6)
    assert found.by_rule("best") == pytest.approx(max(expected), abs=1e-6)


def test_an_unknown_person_has_no_similarities(app, two_people, known_faces) -> None:
    people_service.delete_person(two_people[1], Actor(two_people[0]))

    assert active_model().gallery.similarities(known_faces[0][0].embedding, two_people[1]) is None


def test_the_nearest_come_first(app, two_people, known_faces) -> None:
    for number, person_id in enumerate(two_people):
        nearest = active_model().gallery.nearest(known_faces[number][0].embedding, 2, "best")

        assert nearest[0].person_id == person_id
        assert nearest[0].by_rule("best") > nearest[1].by_rule("best")


def test_another_process_follows_at_its_next_answer(
    app, two_people, known_faces, settings: Settings, engine
) -> None:
    elsewhere = create_app(settings, engine)
    with elsewhere.app_context():
        assert len(active_model().gallery.sample().person_ids) == 2
        db.session.rollback()
    people_service.delete_person(two_people[0], Actor(two_people[1]))

    with elsewhere.app_context():
        assert active_model().gallery.sample().person_ids == (two_people[1],)


def test_only_people_who_changed_are_read_again(app, two_people, known_faces) -> None:
    active_model().gallery.refresh()
    with unit_of_work() as session:  # unreadable, but not recorded as changed
        session.execute(
            update(AnchorEmbedding)
            .where(AnchorEmbedding.person_id == two_people[0])
            .values(vector=b"unreadable")
        )

    store.enrol(NewPerson("third", "Third", True), known_faces[0][:1], SERVER)

    assert len(active_model().gallery.sample().person_ids) == 3


@contextmanager
def statements() -> Iterator[list[str]]:
    """Return the SQL statements executed while the context lasts."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_deletion_reloads_nobody_else(app, two_people) -> None:
    active_model().gallery.refresh()
    people_service.delete_person(two_people[0], SERVER)

    with statements() as asked:
        assert active_model().gallery.sample().person_ids == (two_people[1],)

    assert not [one for one in asked if "anchor_embedding" in one]


def test_a_deletion_by_a_node_of_the_previous_release_is_noticed(app, two_people) -> None:
    active_model().gallery.refresh()
    people_service.delete_person(two_people[0], SERVER)
    with unit_of_work() as session:  # which does not record it
        session.execute(delete(GalleryChange))

    assert active_model().gallery.sample().person_ids == (two_people[1],)


def test_a_process_many_versions_behind_reloads_the_gallery(
    app, two_people, known_faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "CHANGES_KEPT", 2)
    active_model().gallery.refresh()
    people_service.delete_person(two_people[0], SERVER)
    added = [
        store.enrol(NewPerson(f"more-{number}", "More", True), known_faces[0][:1], SERVER)
        for number in range(4)
    ]

    found = active_model().gallery.sample().person_ids

    assert set(found) == {two_people[1], *added}
    assert db.session.scalar(select(func.count()).select_from(GalleryChange)) == 2


def test_an_embedding_moved_to_another_row_is_noticed(app, two_people) -> None:
    first, second = db.session.scalars(select(AnchorEmbedding).limit(2)).all()
    with unit_of_work() as session:
        session.get(AnchorEmbedding, first.id).vector = session.get(
            AnchorEmbedding, second.id
        ).vector

    with pytest.raises(SealBroken):
        active_model().gallery.refresh()


def test_embeddings_of_another_model_are_never_compared(app, two_people) -> None:
    with unit_of_work() as session:
        session.execute(update(AnchorEmbedding).values(model_id="other-00000000"))

    assert active_model().gallery.sample().person_ids == ()
