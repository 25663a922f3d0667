"""One person's threshold: its distance from everybody's, and its page."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import PersonThresholdChange
from webapp.errors.thresholds import PointsOutOfRange, SettingConflict
from webapp.services.matching.identification import identify
from webapp.services.matching.verification import verify
from webapp.services.people.people import delete_person
from webapp.services.thresholds import per_person, verification


def test_a_stricter_person_is_refused_where_another_would_pass(
    app: Flask, people, ada, bob, operator_id
) -> None:
    score = verify("ada", [people[0].photos[2]], SERVER).score
    per_person.change(ada, score - 50 + 1, "a twin", Actor(operator_id), confirmed=True)

    decision = verify("ada", [people[0].photos[2]], SERVER)

    assert not decision.match
    assert decision.threshold_score == pytest.approx(score + 1, abs=0.01)
    assert per_person.of_person(bob).threshold == verification.in_force()


def test_a_search_is_stricter_for_a_person_with_points(
    app: Flask, people, ada, bob, operator_id
) -> None:
    before = identify([people[0].photos[2]], Actor(operator_id)).threshold_score
    per_person.change(ada, 6, "a reason", Actor(operator_id))

    after = identify([people[0].photos[2]], Actor(operator_id)).threshold_score

    assert after == pytest.approx(before + 6, abs=0.01)


def test_a_persons_threshold_keeps_its_distance_from_everybodys(
    app: Flask, ada, operator_id
) -> None:
    per_person.change(ada, 7, "a twin", Actor(operator_id))
    verification.change(60, "stricter", Actor(operator_id), rule="mean")

    own = per_person.of_person(ada)

    assert (own.threshold.score, own.threshold.rule) == (pytest.approx(67), "mean")


def test_negative_points_of_an_earlier_release_count_as_none_and_stay_in_the_history(
    app: Flask, admin: Visitor, people, ada, bob, operator_id
) -> None:
    photos = [people[0].photos[2]]
    before = [verify("ada", photos, SERVER), identify(photos, Actor(operator_id))]
    row = {"person_id": ada, "points": -3, "previous_points": 0, "reason": "a poor camera"}
    db.session.add(PersonThresholdChange(number=1, **row))
    db.session.commit()

    after = [verify("ada", photos, SERVER), identify(photos, Actor(operator_id))]
    own, page = per_person.of_person(ada), admin.get(f"/people/{ada}/threshold?points=-3")

    assert [one.threshold for one in after] == [one.threshold for one in before]
    assert (own.threshold, own.points) == (verification.in_force(), 0)
    assert "As for everybody." in words(page)
    assert "0 points → -3 points" in words(page)
    assert 'value="0.0"' in page.text
    assert [one.value for one in per_person.history(ada)] == [-3]


@pytest.mark.parametrize("points", [50.1, -0.1, -50.1, float("nan"), float("inf")])
def test_points_out_of_range_change_nothing(app: Flask, ada, operator_id, points: float) -> None:
    with pytest.raises(PointsOutOfRange):
        per_person.change(ada, points, "why not", Actor(operator_id))
    assert per_person.history(ada) == ()


def test_a_persons_changes_are_stored_and_deleted_with_the_person(
    app: Flask, ada, operator_id
) -> None:
    per_person.change(ada, 7, "a twin", Actor(operator_id), based_on=0)
    with pytest.raises(SettingConflict):
        per_person.change(ada, 9, "another twin", Actor(operator_id), based_on=0)
    per_person.change(ada, 0, "the twin has left", Actor(operator_id), based_on=1)

    newest, oldest = per_person.history(ada)
    assert (newest.previous, newest.value, newest.username) == (7, 0, "the operator")
    assert (oldest.previous, oldest.value, oldest.reason) == (0, 7, "a twin")

    delete_person(ada, Actor(operator_id))
    assert rows_stored()["person_threshold_change"] == 0


def test_those_not_signed_in_do_not_see_that_a_person_has_a_threshold_of_their_own(
    app: Flask, people, ada, operator_id
) -> None:
    per_person.change(ada, 20, "a twin", Actor(operator_id))

    for photo in (people[0].photos[2], people[1].photos[0]):
        decision = verify("ada", [photo], SERVER)
        public = decision.redacted()

        assert public.threshold_score == pytest.approx(50)
        assert (public.score >= public.threshold_score) == public.match == decision.match


def test_a_persons_threshold_is_set_on_their_page(admin: Visitor, ada) -> None:
    path = f"/people/{ada}/threshold"
    assert "As for everybody." in words(admin.get(path))

    review = admin.post(path, points="7.5", reason="a twin", based_on="0", review="y")
    assert "50.0 → 57.5" in words(review)
    assert rows_stored()["person_threshold_change"] == 0

    set_ = admin.post(path, points="7.5", reason="a twin", based_on="0")
    assert set_.location == f"/people/{ada}"
    assert "Stricter by 7.5 points than everybody’s, 50.0." in words(admin.get(path))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"points": "many"}, "Give a number of points from 0 to 50"),
        ({"points": "51"}, "Give a number of points from 0 to 50"),
        ({"points": "-0.5"}, "Give a number of points from 0 to 50"),
        ({"reason": " "}, "fill this in"),
        ({"based_on": "7"}, "Somebody changed the threshold"),
        ({"based_on": ""}, "Somebody changed the threshold"),
    ],
)
def test_a_wrong_threshold_of_a_person_is_explained_and_nothing_lost(
    admin: Visitor, ada, fields: dict[str, str], message: str
) -> None:
    sent = {"points": "7", "reason": "a twin", "based_on": "0"} | fields

    answer = admin.post(f"/people/{ada}/threshold", **sent)

    assert answer.status_code == 200
    assert words(answer).count(message) == 1
    assert f'value="{sent["reason"].strip()}"' in answer.text
    assert rows_stored()["person_threshold_change"] == 0


def test_an_unknown_persons_threshold_has_no_page(admin: Visitor) -> None:
    assert admin.get(f"/people/{UUID(int=0)}/threshold").status_code == 404
