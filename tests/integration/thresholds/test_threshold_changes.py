"""Thresholds of everybody, of one person and of identification: changes and their effects."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from flask import Flask

from ml import Face
from tests.integration.thresholds.past_attempts import attempt, similarity_of
from tests.support.crowd import enrol_crowd
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER, Actor
from webapp.errors.thresholds import RuleNotMeasured
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.verification import verify
from webapp.services.thresholds import identification, per_person, verification
from webapp.services.thresholds.identification import IdentificationPolicy
from webapp.services.thresholds.local_population import people_needed

Known = tuple[tuple[Face, ...], ...]


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


def test_histogram_and_trade_off_are_drawn_with_tables(admin: Visitor) -> None:
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

    shown = re.search(
        r"From your own people: at ([\d.]+), 1 in 1,000 comparisons with somebody else here would "
        r"pass \(95% interval of the threshold ([\d.]+) to ([\d.]+)\)",
        words(page),
    )
    proposed, low, high = map(float, shown.groups())
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
