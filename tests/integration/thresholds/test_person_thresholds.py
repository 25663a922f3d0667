"""One person's threshold: its distance from everybody's, and its page."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask

from tests.integration.thresholds.past_attempts import similarity_of
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER, Actor
from webapp.errors.thresholds import PersonThresholdTooLow, PointsOutOfRange, SettingConflict
from webapp.inference.active_model import active_model
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


@pytest.mark.parametrize(("points", "raised"), [(6, 6), (-3, 0)])
def test_a_search_is_stricter_for_a_person_but_never_looser(
    app: Flask, people, ada, bob, operator_id, points: float, raised: float
) -> None:
    before = identify([people[0].photos[2]], Actor(operator_id)).threshold_score
    per_person.change(ada, points, "a reason", Actor(operator_id))

    after = identify([people[0].photos[2]], Actor(operator_id)).threshold_score

    assert after == pytest.approx(before + raised, abs=0.01)


def test_a_persons_threshold_keeps_its_distance_from_everybodys(
    app: Flask, ada, operator_id
) -> None:
    per_person.change(ada, 7, "a twin", Actor(operator_id))
    verification.change(60, "stricter", Actor(operator_id), rule="mean")

    own = per_person.of_person(ada)

    assert (own.threshold.score, own.threshold.rule) == (pytest.approx(67), "mean")


def test_a_looser_person_stays_where_few_enough_strangers_pass(
    app: Flask, ada, operator_id
) -> None:
    own = per_person.of_person(ada)
    curve = active_model().engine.calibration.curve("best", 2)
    assert curve.rates_at(similarity_of(own.lowest))["far"] == pytest.approx(0.01, rel=0.05)

    with pytest.raises(PersonThresholdTooLow):
        per_person.change(ada, own.lowest - 50 - 0.5, "the camera refuses", Actor(operator_id))
    per_person.change(ada, own.lowest - 50 + 0.5, "the camera refuses", Actor(operator_id))
    assert per_person.of_person(ada).threshold.score == pytest.approx(own.lowest + 0.5)

    verification.change(own.lowest + 1, "looser for all", Actor(operator_id))
    assert per_person.of_person(ada).threshold.score == pytest.approx(own.lowest)


@pytest.mark.parametrize("rule", ["best", "top"])
def test_the_more_pictures_a_person_has_the_higher_lies_their_lowest_threshold(
    app: Flask, rule: str
) -> None:
    everybody = replace(verification.in_force(), score=90.0, rule=rule)
    pictures = range(3, 31)
    lowest = [per_person.lowest_score(everybody, number) for number in pictures]
    assert lowest == sorted(set(lowest))
    calibration = active_model().engine.calibration
    for number, score in zip(pictures, lowest, strict=True):
        passing = calibration.curve(rule, number).rates_at(calibration.similarity(score))["far"]
        assert passing == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("points", [50.1, -50.1, float("nan"), float("inf")])
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
        ({"points": "many"}, "Give a number of points from −50 to 50"),
        ({"points": "51"}, "Give a number of points from −50 to 50"),
        ({"points": "-40"}, "would let too many strangers pass"),
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
