"""A person's anchors: similarities, harmful ones, disabling and enabling."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import delete, select

import ml
from tests.support.installation import Visitor, words
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Anchor, AnchorEmbedding
from webapp.db.transactions import unit_of_work
from webapp.errors.models import PictureNotComparable
from webapp.errors.people import LastAnchor, UnknownAnchor
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.enrolment.warnings import NEARER_TO_SOMEBODY_ELSE
from webapp.services.matching.verification import verify
from webapp.services.people import anchors
from webapp.services.people import people as people_service
from webapp.services.people.anchor_reports import likeness_of, report_on
from webapp.services.thresholds.verification import Threshold
from webapp.settings import Settings

Known = tuple[tuple[ml.Face, ...], ...]


def anchors_of(person_id: UUID) -> list[UUID]:
    """Return the anchors now, oldest first, as the page numbers them."""
    db.session.rollback()
    return [anchor.id for anchor in people_service.find_person(person_id).anchors]


def compared() -> set[UUID]:
    found = set(active_model().gallery.sample().anchor_ids)
    db.session.rollback()
    return found


def test_a_disabled_picture_is_stored_but_not_compared_in_any_process(
    app: Flask, ada: UUID, settings: Settings, engine: ml.Engine, people, operator_id
) -> None:
    elsewhere = create_app(settings, engine)
    with elsewhere.app_context():
        assert len(compared()) == 2
    first, second = anchors_of(ada)

    anchors.retire_anchor(ada, first, Actor(operator_id))

    assert compared() == {second}
    with elsewhere.app_context():
        assert compared() == {second}
    assert verify("ada", [people[0].photos[2]], SERVER).compared == 1
    assert anchors.open_picture(ada, first, Actor(operator_id)).startswith(b"\xff\xd8")


def test_a_disabled_picture_can_be_enabled(app: Flask, ada: UUID, operator_id) -> None:
    first, second = anchors_of(ada)
    anchors.retire_anchor(ada, first, Actor(operator_id))

    anchors.restore_anchor(ada, first, Actor(operator_id))

    assert compared() == {first, second}


def test_the_last_active_picture_cannot_be_disabled(app: Flask, ada: UUID, operator_id) -> None:
    first, second = anchors_of(ada)
    anchors.retire_anchor(ada, first, Actor(operator_id))

    for take_away in (anchors.retire_anchor, anchors.delete_anchor):
        with pytest.raises(LastAnchor):
            take_away(ada, second, Actor(operator_id))
    anchors.delete_anchor(ada, first, Actor(operator_id))

    assert anchors_of(ada) == [second]


def test_a_picture_without_an_embedding_cannot_be_enabled(
    app: Flask, ada: UUID, operator_id
) -> None:
    first, _ = anchors_of(ada)
    anchors.retire_anchor(ada, first, Actor(operator_id))
    with unit_of_work() as session:
        session.execute(delete(AnchorEmbedding).where(AnchorEmbedding.anchor_id == first))

    with pytest.raises(PictureNotComparable):
        anchors.restore_anchor(ada, first, Actor(operator_id))

    assert db.session.get(Anchor, first).retired_at is not None


def test_a_retake_replaces_the_old_picture(
    operator: Visitor, ada: UUID, people, operator_id
) -> None:
    first, second = anchors_of(ada)
    page = operator.get(f"/people/{ada}?retake={first}")
    assert f'<option selected value="{first}">Photo 1</option>' in page.text

    answer = operator.post(
        f"/people/{ada}/anchors", {"images": [people[0].photos[2]]}, in_place_of=str(first)
    )

    assert answer.status_code == 302
    db.session.rollback()
    in_use = set(db.session.scalars(select(Anchor.id).where(Anchor.retired_at.is_(None))))
    assert len(in_use) == 2
    assert second in in_use
    assert first not in in_use


@pytest.mark.parametrize("other", ["nobody", "00000000-0000-0000-0000-000000000000"])
def test_pictures_do_not_replace_a_missing_anchor(
    operator: Visitor, ada: UUID, people, other: str
) -> None:
    answer = operator.post(
        f"/people/{ada}/anchors", {"images": [people[0].photos[2]]}, in_place_of=other
    )

    assert answer.status_code == 200
    assert len(anchors_of(ada)) == 2


def test_another_persons_picture_is_not_disabled(
    app: Flask, ada: UUID, enrol, known_faces: Known, operator_id
) -> None:
    bob = enrol("bob")
    bobs, _ = anchors_of(bob)

    with pytest.raises(UnknownAnchor):
        anchors.retire_anchor(ada, bobs, Actor(operator_id))
    with pytest.raises(UnknownAnchor):
        store.add_anchors(ada, known_faces[0][2:], Actor(operator_id), in_place_of=bobs)

    assert len(compared()) == 4


def test_the_matrix_holds_the_score_of_each_picture_with_each_other(
    app: Flask, ada: UUID, known_faces: Known
) -> None:
    likeness = likeness_of(people_service.find_person(ada))

    calibration = active_model().engine.calibration
    one, other = (calibration.normaliser(face.embedding[None]) for face in known_faces[0][:2])
    expected = calibration.score(float(one.paired(other)[0]))
    assert likeness.numbers == (1, 2)
    assert likeness.scores[0][0] is None
    assert likeness.scores[0][1] == pytest.approx(expected, abs=1e-3)
    assert likeness.scores[1][0] == likeness.scores[0][1]


def test_rows_of_the_matrix_belong_to_their_pictures(
    app: Flask, known_faces: Known, operator_id
) -> None:
    """The row of the other person's picture is the lowest, whatever the order of storage."""
    of_ada, of_bob = known_faces[0], known_faces[1]
    person_id = store.enrol(NewPerson("mix", "Mix", True), [of_bob[0], *of_ada[:2]], SERVER)
    reports = report_on(people_service.find_person(person_id))
    odd = next(report for report in reports if report.doubts)

    likeness = likeness_of(people_service.find_person(person_id))

    sums = [sum(score for score in row if score is not None) for row in likeness.scores]
    assert likeness.numbers[int(np.argmin(sums))] == odd.number


def test_one_picture_has_no_matrix(app: Flask, known_faces: Known) -> None:
    person_id = store.enrol(NewPerson("one", "One", True), known_faces[0][:1], SERVER)

    assert likeness_of(people_service.find_person(person_id)) is None


def test_a_picture_nearer_to_another_person_is_flagged(
    app: Flask, known_faces: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_ada, of_bob = known_faces[0], known_faces[1]
    store.enrol(NewPerson("bob", "Bob", True), of_bob[:1], SERVER)
    ada = store.enrol(NewPerson("ada", "Ada", True), [*of_ada[:2], of_bob[1]], SERVER)
    # Identification finds nobody; only the comparison with both people remains.
    monkeypatch.setattr(
        "webapp.services.enrolment.warnings.identification.threshold",
        lambda _rows: Threshold(similarity=2.0, score=100.0, rule="best"),
    )

    doubts = {report.id: report.doubts for report in report_on(people_service.find_person(ada))}

    flagged = [
        doubt.name
        for of_anchor in doubts.values()
        for doubt in of_anchor
        if doubt.code == NEARER_TO_SOMEBODY_ELSE
    ]
    assert flagged == ["Bob"]


def test_the_page_shows_quality_matrix_and_attempts(operator: Visitor, ada: UUID, people) -> None:
    operator.post("/verify", {"frames": [people[0].photos[2]]}, identifier="ada")

    page = words(operator.get(f"/people/{ada}"))

    assert "How alike the photos are" in page
    assert "pixels wide" in page
    assert "Last attempts Outcome Claim Score Threshold When Match ada" in page


def test_the_page_disables_enables_and_deletes_pictures(operator: Visitor, ada: UUID) -> None:
    first, second = anchors_of(ada)
    place = f"/people/{ada}/anchors"

    assert "disabled" in words(operator.get(operator.post(f"{place}/{first}/retire").location))
    page = operator.get(f"/people/{ada}")
    assert f"{place}/{first}/restore" in page.text
    assert f"{place}/{first}/retire" not in page.text
    refused = operator.post(f"{place}/{second}/retire")
    assert "only picture" in words(operator.get(refused.location))
    operator.post(f"{place}/{first}/restore")
    operator.post(f"{place}/{second}/delete")

    assert anchors_of(ada) == [first]
