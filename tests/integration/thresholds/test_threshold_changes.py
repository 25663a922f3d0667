"""Thresholds of everybody, of one person and of identification: changes and their effects."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from flask import Flask

from ml import Face
from tests.support.crowd import enrol_crowd
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Attempt, Kind, now
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import (
    PersonThresholdTooLow,
    PointsOutOfRange,
    RuleNotMeasured,
    SearchOutOfRange,
    SettingConflict,
)
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.identification import identify
from webapp.services.matching.verification import verify
from webapp.services.people.people import delete_person
from webapp.services.thresholds import identification, per_person, replay, verification
from webapp.services.thresholds.identification import IdentificationPolicy
from webapp.services.thresholds.local_population import people_needed
from webapp.services.thresholds.verification import Threshold

Known = tuple[tuple[Face, ...], ...]


@pytest.fixture
def ada(app: Flask, enrol) -> UUID:
    return enrol("ada")


@pytest.fixture
def bob(app: Flask, enrol) -> UUID:
    return enrol("bob", photos=3)


def similarity_of(score: float) -> float:
    return active_model().engine.calibration.similarity(score)


def threshold_at(score: float, rule: str = "best") -> Threshold:
    return Threshold(similarity_of(score), score, rule)


def attempt(score: float, *, match: bool, **facts: object) -> None:
    """Store an earlier attempt, a minute after the last one."""
    with unit_of_work() as session:
        minutes = session.query(Attempt).count()
        session.add(
            Attempt(
                **{
                    "kind": Kind.VERIFY,
                    "match": match,
                    "created_at": now() + timedelta(minutes=minutes),
                    "model_id": active_model().engine.model_id,
                    "rule": "best",
                    "threshold": similarity_of(50),
                    "similarity": similarity_of(score),
                    "anchors_compared": 1,
                    "milliseconds": 1.0,
                }
                | facts
            )
        )


def scores(found: replay.Redecisions) -> list[tuple[int, bool]]:
    return [(round(one.score), one.match) for one in found.changed]


# The matching rule


def test_a_rule_is_changed_together_with_its_own_threshold_and_rolled_back(
    app: Flask, operator_id
) -> None:
    verification.change(40, "a milder rule", Actor(operator_id), rule="mean")
    assert (verification.in_force().score, verification.in_force().rule) == (
        pytest.approx(40),
        "mean",
    )

    (change,) = verification.history()
    assert (change.previous.rule, change.value.rule) == ("best", "mean")
    verification.change(
        change.previous.score, "back", Actor(operator_id), rule=change.previous.rule
    )

    assert verification.in_force().rule == "best"
    assert verification.in_force().score == pytest.approx(50)


def test_the_active_rule_decides(app: Flask, people, ada, operator_id) -> None:
    photo = people[0].photos[2]
    best = verify("ada", [photo], SERVER)
    verification.change(50, "all pictures count", Actor(operator_id), rule="mean")

    mean = verify("ada", [photo], SERVER)

    calibration = active_model().engine.calibration
    anchors = [calibration.similarity(anchor.score) for anchor in best.anchors]
    assert best.similarity == pytest.approx(max(anchors), abs=1e-5)
    assert mean.similarity == pytest.approx(np.mean(anchors), abs=1e-5)
    assert mean.by_rule == pytest.approx(best.by_rule, abs=1e-6)


def test_a_rule_that_was_not_measured_changes_nothing(app: Flask, operator_id) -> None:
    with pytest.raises(RuleNotMeasured):
        verification.change(50, "why not", Actor(operator_id), rule="median")
    assert verification.history() == ()


# The effect of a change on the last attempts


def test_attempts_that_a_threshold_would_decide_differently_are_found(app: Flask, ada) -> None:
    attempt(80, match=True, person_id=ada)
    attempt(60, match=True, person_id=ada)
    attempt(45, match=False)
    attempt(10, match=False)

    stricter = replay.by_threshold(threshold_at(70))
    looser = replay.by_threshold(threshold_at(40))

    assert (stricter.evaluated, scores(stricter)) == (4, [(60, True)])
    assert (stricter.refused, stricter.accepted) == (1, 0)
    assert stricter.changed[0].person.name == "Ada"
    assert (scores(looser), looser.refused, looser.accepted) == ([(45, False)], 0, 1)


def test_an_unknown_claim_is_replayed_as_no_match(app: Flask) -> None:
    attempt(45, match=False, anchors_compared=0)
    assert replay.by_threshold(threshold_at(10)).changed == ()


def test_another_rule_replays_attempts_by_their_stored_similarities(app: Flask) -> None:
    attempt(60, match=True, by_rule={"best": similarity_of(60), "mean": similarity_of(30)})
    attempt(60, match=True)  # from before attempts stored it

    found = replay.by_threshold(threshold_at(40, "mean"))

    assert (found.evaluated, found.unknown, scores(found)) == (1, 1, [(30, True)])


def test_attempts_of_another_model_are_not_judged(app: Flask) -> None:
    attempt(60, match=True, model_id="other-00000000")
    assert replay.by_threshold(threshold_at(90)).evaluated == 0


def test_people_are_judged_by_their_own_thresholds(app: Flask, ada, operator_id) -> None:
    per_person.change(ada, 20, "a twin", Actor(operator_id))
    attempt(75, match=True, person_id=ada)
    attempt(75, match=True)

    found = replay.by_threshold(threshold_at(60))

    assert [one.person.name for one in found.changed] == ["Ada"]
    assert scores(replay.by_points(ada, 30)) == [(75, True)]
    assert replay.by_points(ada, 20).changed == ()


def test_identifications_are_judged_by_rate_and_margin(app: Flask, ada, bob) -> None:
    rows = active_model().gallery.refresh()
    threshold = identification.threshold(rows, IdentificationPolicy(fpir=0.01)).score
    near, far = similarity_of(threshold + 4), similarity_of(threshold - 30)
    facts = {"kind": Kind.IDENTIFY, "threshold": similarity_of(threshold)}
    attempt(threshold + 6, match=True, runner_up=far, **facts)
    attempt(threshold + 6, match=True, runner_up=near, **facts)
    attempt(threshold - 1, match=False, runner_up=far, **facts)

    found = replay.by_search(IdentificationPolicy(fpir=0.01, margin=5))

    assert (found.evaluated, found.refused, found.accepted) == (3, 1, 0)
    assert replay.by_search(IdentificationPolicy(fpir=0.01, margin=0)).changed == ()
    assert replay.by_search(IdentificationPolicy(fpir=0.1, margin=0)).accepted == 1


# One person


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


def test_a_persons_changes_are_kept_and_go_with_the_person(app: Flask, ada, operator_id) -> None:
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


# Identification


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


# The pages


def hidden(page: str, name: str) -> str:
    return re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page).group(1)


def test_a_change_is_reviewed_before_it_counts(admin: Visitor, ada) -> None:
    attempt(60, match=True, person_id=ada)

    review = admin.post("/threshold", score="70", reason="too lax", based_on="0", review="y")

    assert review.status_code == 200
    assert "50.0 → 70.0" in words(review)
    assert "Of the last attempt: 1 match would have been refused," in words(review)
    assert "Ada" in words(review)
    assert rows_stored()["threshold_change"] == 0

    fields = {name: hidden(review.text, name) for name in ("score", "rule", "based_on")}
    assert admin.post("/threshold", reason="too lax", **fields).status_code == 302
    assert verification.in_force().score == pytest.approx(70)


def test_a_stale_review_is_refused(admin: Visitor, operator_id) -> None:
    verification.change(60, "somebody else", Actor(operator_id))

    answer = admin.post("/threshold", score="70", reason="too lax", based_on="0", review="y")

    assert answer.status_code == 200
    assert "Somebody changed the threshold" in words(answer)


def test_another_rule_is_previewed_with_its_own_curve_and_threshold(admin: Visitor) -> None:
    page = admin.get("/threshold?rule=mean")

    assert page.status_code == 200
    assert "You are looking at another matching rule" in words(page)
    assert "chart-in-force" not in page.text
    assert "chart-in-force" in admin.get("/threshold").text
    assert "by the rule “Mean of all pictures”" in words(page)
    form = re.search(r'<form method="post" action="/threshold".*?</form>', page.text, re.DOTALL)
    assert hidden(form.group(), "rule") == "mean"
    score = float(re.search(r'name="score"[^>]* value="([^"]*)"', form.group()).group(1))
    curve = active_model().engine.calibration.curve("mean", 1)
    in_force = active_model().engine.calibration.curve("best", 1)
    assert curve.rates_at(similarity_of(score))["far"] == pytest.approx(
        in_force.rates_at(similarity_of(50))["far"], rel=0.1
    )


def test_a_rule_that_was_not_measured_is_explained(admin: Visitor) -> None:
    for answer in (
        admin.get("/threshold?rule=median"),
        admin.post("/threshold", score="60", reason="x", based_on="0", rule="median"),
    ):
        assert answer.status_code == 200
        assert "This matching rule was not measured" in words(answer)
    assert rows_stored()["threshold_change"] == 0


def test_a_change_of_the_rule_is_in_the_history_with_an_undo(admin: Visitor) -> None:
    admin.post("/threshold", score="41", reason="all count", based_on="0", rule="mean")
    admin.post("/threshold", score="45", reason="stricter", based_on="1")

    page = admin.get("/threshold")

    assert verification.in_force().rule == "mean"
    assert "Best picture → Mean of all pictures" in words(page)
    assert re.search(r'href="/threshold\?score=41\.0&amp;rule=mean"', page.text)


@pytest.mark.parametrize("of_another_model", [False, True])
def test_without_a_usable_calibration_the_pages_name_the_remedy(
    admin: Visitor, engine, monkeypatch, tmp_path, of_another_model: bool
) -> None:
    if of_another_model:
        table = json.loads((engine.artifact.folder / "calibration.json").read_text())
        table["model_id"] = "other-00000000"
        (tmp_path / "calibration.json").write_text(json.dumps(table))
    monkeypatch.setattr(engine, "artifact", replace(engine.artifact, folder=tmp_path))
    monkeypatch.delitem(vars(engine), "calibration", raising=False)

    for answer in (
        admin.get("/threshold"),
        admin.get("/threshold/search"),
        admin.post("/threshold", score="60", reason="x", based_on="0"),
    ):
        assert answer.status_code == 503
        assert "python -m ml calibrate open" in words(answer)
    assert rows_stored()["threshold_change"] == 0


def test_an_earlier_setting_can_be_put_back_into_the_form(admin: Visitor, ada, operator_id) -> None:
    for points in (3, 8):
        per_person.change(ada, points, "a twin", Actor(operator_id))
        identification.change(
            IdentificationPolicy(points / 1000, points), "twins", Actor(operator_id)
        )

    for path, fields in (
        (f"/people/{ada}/threshold", {"points": "3.0"}),
        ("/threshold/search", {"percent": "0.3", "margin": "3.0"}),
    ):
        undo, back = re.findall(rf'href="({path}\?[^"]+)"', admin.get(path).text)
        for place in (undo, back):
            page = admin.get(html.unescape(place)).text
            for name, value in fields.items():
                assert re.search(rf'name="{name}"[^>]* value="{value}"', page)


def test_histogram_and_trade_off_are_drawn_and_tables_too(admin: Visitor) -> None:
    page = admin.get("/threshold").text

    assert 'data-place="histogram"' in page
    assert 'data-place="det"' in page
    assert page.count("The same as a table") == 2
    assert re.search(r'<circle class="chart-point" cx="[\d.]+" cy="[\d.]+"', page)


def test_small_numbers_of_people_have_the_right_plural(admin: Visitor, ada, bob, enrol) -> None:
    page = words(admin.get("/threshold"))
    assert "That makes 5 trials between 1 pair of people." in page
    assert "5 more are within the 2 people who have several pictures." in page

    enrol("eve", photos=1)

    assert "between 3 pairs of people." in words(admin.get("/threshold"))


def test_own_people_are_too_few_to_calibrate_from(admin: Visitor, ada, bob) -> None:
    page = words(admin.get("/threshold?calibrate=people"))

    assert "All 2 people enrolled here were compared" in page
    assert "within the 2 people who have several pictures" in page
    assert "Too few people are enrolled to say" in page
    assert "too few people to calibrate from" in page
    assert "at least 78" in page
    assert rows_stored()["threshold_change"] == 0


def test_enough_people_propose_a_threshold_that_changes_nothing(admin: Visitor) -> None:
    enrol_crowd(people_needed(active_model().engine.calibration.default_far))

    page = admin.get("/threshold?calibrate=people")

    said = re.search(
        r"From your own people: at ([\d.]+), 1 in 1,000 comparisons with somebody else here would "
        r"pass \(95% interval of the threshold ([\d.]+) to ([\d.]+)\)",
        words(page),
    )
    proposed, low, high = map(float, said.groups())
    assert low <= proposed <= high + 0.1  # the proposal is rounded up
    form = re.search(r'<form method="post" action="/threshold".*?</form>', page.text, re.DOTALL)
    assert f'value="{proposed}"' in form.group()
    assert verification.history() == ()


def test_without_enrolled_people_there_are_no_own_figures(admin: Visitor) -> None:
    assert "As soon as two people are enrolled" in words(admin.get("/threshold"))
    assert admin.get("/threshold/pairs").status_code == 200


def test_pairs_to_review_lead_to_the_people(admin: Visitor, enrol, known_faces) -> None:
    one = enrol("ada", photos=1)
    again = store.enrol(NewPerson("ada-2", "Ada Again", True), known_faces[0][:1], SERVER)
    mixed = (known_faces[0][1], known_faces[1][0])
    store.enrol(NewPerson("mixed", "Mixed Up", True), mixed, SERVER)

    page = admin.get("/threshold/pairs")

    assert "could pass" in words(page)
    first_pair = re.search(r'<li class="pair">.*?</li>', page.text, re.DOTALL).group()
    assert {f"/people/{one}", f"/people/{again}"} == set(
        re.findall(r'href="(/people/[^"]+)"', first_pair)
    )
    assert "2 pictures do not match any other of their person" in words(page)


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
