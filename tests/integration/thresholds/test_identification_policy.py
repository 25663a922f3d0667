"""The identification policy: its threshold, margin, history and page."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Attempt
from webapp.errors.thresholds import SearchOutOfRange, SettingConflict
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.identification import identify
from webapp.services.thresholds import identification
from webapp.services.thresholds.identification import IdentificationPolicy


def test_an_ambiguous_identification_is_reported(
    app: Flask, people, known_faces, operator_id
) -> None:
    for identifier in ("ada", "ada-again"):
        store.enrol(NewPerson(identifier, identifier, True), known_faces[0][:1], SERVER)

    decision = identify([people[0].photos[0]], Actor(operator_id))

    assert not decision.match
    assert decision.person is None
    assert {rival.identifier for rival in decision.rivals} == {"ada", "ada-again"}
    assert "too_close_to_tell" in decision.notes
    stored = db.session.query(Attempt).one()
    assert stored.runner_up == pytest.approx(stored.similarity, abs=1e-6)

    identification.change(IdentificationPolicy(margin=0), "first come", Actor(operator_id))
    assert identify([people[0].photos[0]], Actor(operator_id)).match


def test_the_threshold_of_a_search_rises_with_people_and_falls_with_the_rate(
    app: Flask, ada, known_faces, operator_id
) -> None:
    def threshold() -> float:
        return identification.threshold(active_model().gallery.refresh()).similarity

    few = threshold()
    for number in range(5):
        store.enrol(NewPerson(f"id-{number}", "Somebody", True), known_faces[1], SERVER)
    many = threshold()
    identification.change(
        IdentificationPolicy(fpir=0.1), "found more often", Actor(operator_id), confirmed=True
    )

    assert few < many
    assert threshold() < many


@pytest.mark.parametrize(
    "search",
    [
        IdentificationPolicy(fpir=0.0009),
        IdentificationPolicy(fpir=0.11),
        IdentificationPolicy(fpir=float("nan")),
        IdentificationPolicy(margin=-1),
        IdentificationPolicy(margin=51),
        IdentificationPolicy(margin=float("nan")),
    ],
)
def test_a_search_out_of_range_changes_nothing(
    app: Flask, operator_id, search: IdentificationPolicy
) -> None:
    with pytest.raises(SearchOutOfRange):
        identification.change(search, "why not", Actor(operator_id))
    assert identification.in_force() == identification.DEFAULT


def test_changes_of_searches_are_kept(app: Flask, operator_id) -> None:
    identification.change(IdentificationPolicy(0.008, 3), "first", Actor(operator_id), based_on=0)
    with pytest.raises(SettingConflict):
        identification.change(
            IdentificationPolicy(0.03, 4), "stale", Actor(operator_id), based_on=0
        )

    (change,) = identification.history()
    assert (change.previous, change.value) == (
        identification.DEFAULT,
        IdentificationPolicy(0.008, 3),
    )
    assert (change.reason, change.username) == ("first", "the operator")


def test_how_a_search_decides_is_set_on_its_page(admin: Visitor, ada, bob) -> None:
    page = words(admin.get("/threshold/search"))
    assert "For the 2 people enrolled now" in page
    assert "must lead the next by 5 points" in page

    fields = {"percent": "0.5", "margin": "8", "reason": "twins", "based_on": "0"}
    review = admin.post("/threshold/search", **fields, review="y")
    assert "About 1 in 200 strangers taken for somebody, a lead of 8 points." in words(review)
    assert rows_stored()["search_change"] == 0

    assert admin.post("/threshold/search", **fields).status_code == 302
    assert identification.in_force() == IdentificationPolicy(0.005, 8)
    assert "1% → 0.5%" in words(admin.get("/threshold/search")).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"percent": "0"}, "within the bounds"),
        ({"percent": "some"}, "within the bounds"),
        ({"margin": "-1"}, "within the bounds"),
        ({"reason": ""}, "fill this in"),
        ({"based_on": "3"}, "Somebody changed the threshold"),
    ],
)
def test_a_wrong_setting_of_searches_is_explained(
    admin: Visitor, fields: dict[str, str], message: str
) -> None:
    sent = {"percent": "2", "margin": "8", "reason": "twins", "based_on": "0"} | fields

    answer = admin.post("/threshold/search", **sent)

    assert answer.status_code == 200
    assert words(answer).count(message) == 1
    assert rows_stored()["search_change"] == 0


def test_an_ambiguous_identification_names_the_people(admin: Visitor, people, known_faces) -> None:
    for name in ("Ada", "Ada Again"):
        store.enrol(NewPerson(name, name, True), known_faces[0][:1], SERVER)

    answer = words(admin.post("/identify", {"frames": [people[0].photos[0]]}))

    assert "Too close to tell" in answer
    assert "almost equally near to Ada, Ada Again" in answer or "Ada Again, Ada" in answer
