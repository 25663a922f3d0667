from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select, text

from tests.support.installation import rows_stored, written_down
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Anchor, AnchorEmbedding, Person
from webapp.errors.people import (
    ConsentMissing,
    DuplicateIdentifier,
    LastAnchor,
    TooManyAnchors,
    UnknownAnchor,
    UnknownPerson,
)
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson
from webapp.services.people import anchors
from webapp.services.people import people as people_service
from webapp.settings import ROOT, Settings, current_settings

ADA = NewPerson("ada", "Ada", True)


def enrol(new: NewPerson, picture: bytes, enrolled_by: UUID | None) -> UUID:
    """Enrol with one picture, unchanged."""
    return store.enrol(new, review_pictures([picture], SERVER).faces.values(), Actor(enrolled_by))


def test_one_good_picture_enrols_a_person(app: Flask, people, operator_id) -> None:
    person_id = enrol(ADA, people[0].photos[0], operator_id)

    person = people_service.find_person(person_id)
    assert (person.identifier, person.name, len(person.anchors)) == ("ada", "Ada", 1)
    assert person.consent_at.tzinfo is not None
    assert person.created_by_id == operator_id


def test_pictures_and_embeddings_are_encrypted_in_the_database(
    app: Flask, settings: Settings, people, operator_id
) -> None:
    enrol(ADA, people[0].photos[0], operator_id)
    face = active_model().engine.analyse(people[0].photos[0], purpose="enrol")

    stored = written_down(settings)

    assert face.picture[:64] not in stored
    assert face.embedding.astype("<f4").tobytes()[:32] not in stored


@pytest.mark.real_faces
def test_the_picture_kept_has_no_metadata(app: Flask, people, operator_id) -> None:
    photo = Image.open(io.BytesIO(people[0].photos[0]))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"  # ImageDescription
    tagged = io.BytesIO()
    photo.save(tagged, "JPEG", exif=exif, comment=b"a comment")
    person_id = enrol(ADA, tagged.getvalue(), operator_id)
    anchor = db.session.scalar(select(Anchor.id))

    picture = anchors.open_picture(person_id, anchor, Actor(operator_id))

    kept = Image.open(io.BytesIO(picture))
    assert kept.format == "JPEG"
    assert len(kept.getexif()) == 0
    assert b"a comment" not in picture
    assert b"taken at home" not in picture


def test_without_consent_nothing_is_stored(app: Flask, people, operator_id) -> None:
    before = rows_stored()

    with pytest.raises(ConsentMissing):
        enrol(NewPerson("ada", "Ada", False), people[0].photos[0], operator_id)

    assert rows_stored() == before


def test_reviewing_pictures_stores_none(app: Flask, people) -> None:
    before = rows_stored()

    draft = review_pictures([b"no picture", people[0].photos[0], people[1].photos[0]], SERVER)

    assert {number: error.code for number, error in draft.refused.items()} == {0: "not_an_image"}
    assert list(draft.faces) == [1, 2]
    assert set(draft.doubts) == {1, 2}
    assert rows_stored() == before


@pytest.mark.parametrize("identifier", ["ada", " ADA ", "ａｄａ"])
def test_an_identifier_is_unique(app: Flask, known_faces, identifier: str) -> None:
    store.enrol(ADA, known_faces[0][:1], SERVER)
    before = rows_stored()

    with pytest.raises(DuplicateIdentifier):
        store.enrol(NewPerson(identifier, "Another", True), known_faces[1][:1], SERVER)

    assert rows_stored() == before


def test_the_second_of_two_concurrent_enrolments_is_a_duplicate(app: Flask, known_faces) -> None:
    together = threading.Barrier(2)
    outcomes: list[object] = []

    def enrol_at_once() -> None:
        with app.app_context():
            together.wait()
            try:
                outcomes.append(store.enrol(ADA, known_faces[0], SERVER))
            except DuplicateIdentifier as error:
                outcomes.append(error.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=enrol_at_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("duplicate_identifier") == 1
    assert rows_stored()["person"] == 1
    assert rows_stored()["anchor"] == len(known_faces[0])


def test_pictures_are_added_up_to_the_limit(app: Flask, known_faces) -> None:
    person_id = store.enrol(ADA, known_faces[0][:1], SERVER)
    store.add_anchors(person_id, known_faces[0][1:2], SERVER)
    object.__setattr__(current_settings(), "anchors_a_person", 2)

    with pytest.raises(TooManyAnchors):
        store.add_anchors(person_id, known_faces[0][2:], SERVER)

    assert len(people_service.find_person(person_id).anchors) == 2


def test_pictures_cannot_be_added_to_an_unknown_person(
    app: Flask, known_faces, operator_id
) -> None:
    with pytest.raises(UnknownPerson):
        store.add_anchors(operator_id, known_faces[0], Actor(operator_id))


def test_an_anchor_is_deleted_with_its_embedding_but_not_the_last_one(
    app: Flask, known_faces, operator_id
) -> None:
    person_id = store.enrol(ADA, known_faces[0][:2], SERVER)
    first, second = db.session.scalars(select(Anchor.id)).all()

    anchors.delete_anchor(person_id, first, Actor(operator_id))

    assert db.session.scalars(select(AnchorEmbedding.anchor_id)).all() == [second]
    with pytest.raises(LastAnchor):
        anchors.delete_anchor(person_id, second, Actor(operator_id))


def test_an_anchor_is_reached_only_through_its_person(
    app: Flask, enrol, known_faces, operator_id
) -> None:
    store.enrol(ADA, known_faces[0], SERVER)
    other = enrol("bob", photos=3)
    adas = db.session.scalar(select(Anchor.id).join(Person).where(Person.identifier == "ada"))

    with pytest.raises(UnknownAnchor):
        anchors.open_picture(other, adas, Actor(operator_id))
    with pytest.raises(UnknownAnchor):
        anchors.delete_anchor(other, adas, Actor(operator_id))


@pytest.mark.slow
def test_a_kill_while_enrolling_leaves_the_whole_person_or_nothing(
    app: Flask, settings: Settings, known_faces, tmp_path: Path
) -> None:
    pickled = tmp_path / "faces.pickle"
    pickled.write_bytes(pickle.dumps(known_faces[0][:2]))
    script = [sys.executable, "-m", "tests.support.kills.at_statements"]

    run = subprocess.run(
        [*script, settings.instance, "store", "1", pickled],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": settings.database},
    )

    assert int(run.stdout) >= 7  # each table's insert, the change of the version, the commit
    if not settings.database_url:
        assert db.session.scalar(text("PRAGMA integrity_check")) == "ok"
    stored = rows_stored()
    counts = [stored[table] for table in ("person", "person_key", "anchor", "anchor_embedding")]
    assert counts == [1, 1, 2, 2]
