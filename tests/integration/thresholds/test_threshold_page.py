"""The threshold page shows the error rates of scores before a change."""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict, replace

import pytest
from flask import Flask

import ml
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER, Actor
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.thresholds import error_rates, verification
from webapp.web.charts.error_rates import RateChart


def previewed(page: str) -> str:
    """Return the number in the form that sets the threshold."""
    form = re.search(r'<form method="post".*?</form>', page.split("</header>")[1], re.DOTALL)
    return re.search(r'name="score"[^>]* value="([^"]*)"', form.group()).group(1)


def test_the_page_shows_the_error_rates_of_the_threshold_and_their_source(
    admin: Visitor,
) -> None:
    page = words(admin.get("/threshold"))

    assert re.search(
        r"In force now: 50\.0 Model: \S.*? open-\w+ About 1 in [\d,]+ strangers would be accepted "
        r"\(95% interval 1 in [\d,]+ to 1 in [\d,]+\)\. "
        r"About \d+ in (100|\d+) genuine tries would be refused",
        page,
    )
    curve = active_model().engine.calibration.curve("best", 1)
    assert f"{curve.people} people, {curve.genuine_trials:,} genuine tries" in page
    assert f"{curve.impostor_trials:,} tries by strangers" in page
    assert "Weaker than NIST SP 800-63B-4" in page


def test_any_score_can_be_previewed_without_scripts(admin: Visitor) -> None:
    answer = admin.get("/threshold?score=99")

    assert answer.status_code == 200
    assert re.search(r"Score 99\.0 .*? Fewer than 1 in", words(answer))
    assert previewed(answer.text) == "99"
    assert rows_stored()["threshold_change"] == 0


@pytest.mark.parametrize("score", ["", "-1", "101", "nan", "fifty", "1e9", "<b>"])
def test_previewing_an_invalid_score_is_explained(admin: Visitor, score: str) -> None:
    answer = admin.get("/threshold", query_string={"score": score})

    assert answer.status_code == 200
    assert words(answer).count("Give a number from 0 to 100") == 1


def test_presets_show_their_score_and_keep_what_they_promise(admin: Visitor) -> None:
    buttons = re.findall(
        r'<button[^>]* name="score" value="([\d.]+)"', admin.get("/threshold").text
    )

    scores = [float(score) for score in buttons]
    costs = error_rates.costs_of(verification.in_force(), 1)
    assert scores == sorted(scores)
    for score, far in zip(scores, error_rates.GOALS.values(), strict=True):
        assert 0.9 * far < costs.at(score).strangers.share <= far
    assert previewed(admin.get(f"/threshold?score={buttons[-1]}").text) == buttons[-1]


def test_an_unsupported_goal_is_named_and_not_offered(
    admin: Visitor, engine: ml.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibration = engine.calibration
    coarse = {
        rule: {n: replace(curve, far_supported=5e-3) for n, curve in curves.items()}
        for rule, curves in calibration.curves.items()
    }
    monkeypatch.setitem(vars(engine), "calibration", replace(calibration, curves=coarse))

    page = admin.get("/threshold")

    offered = re.findall(r'name="score" value="[\d.]+" data-goal>(\w+)', page.text)
    assert offered == ["Convenient"]
    for goal in ("Balanced at most 1 in 1,000", "Strict at most 1 in 10,000"):
        assert f"{goal}: not supported, the people measured are too few" in words(page)


def test_the_costs_follow_how_many_pictures_people_here_have(
    app: Flask, admin: Visitor, known_faces
) -> None:
    assert error_rates.typical_anchors() == 1
    for number, anchors in enumerate((1, 3, 3)):
        pictures = known_faces[0][:anchors]
        store.enrol(NewPerson(f"person {number}", "Somebody", True), pictures, SERVER)

    page = words(admin.get("/threshold"))

    assert error_rates.typical_anchors() == 3
    assert "Measured with 3 enrolled pictures a person" in page
    assert "People here typically have 3 pictures" in page


@pytest.mark.parametrize(("anchors", "fewer", "more"), [(2, 1, 3), (4, 3, 5), (7, 3, 5)], ids=str)
def test_rates_for_an_unmeasured_number_of_pictures_name_their_source(
    app: Flask, admin: Visitor, known_faces, anchors: int, fewer: int, more: int
) -> None:
    pictures = (known_faces[0] * anchors)[:anchors]
    store.enrol(NewPerson("a person", "Somebody", True), pictures, SERVER)

    page = words(admin.get("/threshold"))

    shown = f"Estimated for {anchors} enrolled pictures a person, from what was measured with"
    assert f"{shown} {fewer} and with {more}:" in page
    assert f"People here typically have {anchors} pictures" in page


def test_the_chart_marks_both_scores_and_has_a_table(admin: Visitor) -> None:
    page = admin.get("/threshold?score=75").text
    chart = RateChart()

    assert f'd="M{chart.x(50)} {chart.top}V{chart.bottom}"' in page
    assert f"translate({chart.x(75)} 0)" in page
    table = re.search(r"<tbody>.*?</tbody>", page, re.DOTALL).group()
    assert re.findall(r'<th scope="row">(\d+)</th>', table) == [str(n) for n in range(0, 101, 5)]
    assert "style=" not in page


def test_scripts_get_the_same_costs_as_the_server(admin: Visitor) -> None:
    page = admin.get("/threshold").text
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    costs = json.loads(html.unescape(data.group(1)))

    corner = costs["corners"][len(costs["corners"]) // 2]
    expected = error_rates.costs_of(verification.in_force(), 1).at(corner["score"])
    assert corner == asdict(expected)
    assert costs["words"]["one_in"] == "1 in {n}"


@pytest.mark.parametrize("based_on", ["0", "", "7"])
def test_a_form_based_on_another_threshold_is_refused_and_loses_nothing(
    admin: Visitor, operator_id, based_on: str
) -> None:
    verification.change(60, "somebody else", Actor(operator_id))

    stale = admin.post("/threshold", score="71.5", reason="too lax", based_on=based_on)

    assert stale.status_code == 200
    assert words(stale).count("Somebody changed the threshold since you opened this page") == 1
    assert "In force now: 60.0" in words(stale)
    assert previewed(stale.text) == "71.5"
    assert 'value="too lax"' in stale.text
    assert rows_stored()["threshold_change"] == 1

    again = re.search(r'name="based_on" value="(\d+)"', stale.text).group(1)
    sent = admin.post("/threshold", score="71.5", reason="too lax", based_on=again)
    assert sent.status_code == 302
    assert rows_stored()["threshold_change"] == 2


def test_an_earlier_threshold_can_be_put_back_into_the_form(admin: Visitor, operator_id) -> None:
    verification.change(60.25, "first", Actor(operator_id))
    verification.change(70, "second", Actor(operator_id))

    undo, back = ways_back(admin)

    for place in (undo, back):
        assert float(previewed(admin.get(place).text)) == pytest.approx(60.25, abs=1e-4)
    assert verification.in_force().score == pytest.approx(70)


def test_the_first_change_can_be_undone_to_the_calibrated_default(
    admin: Visitor, operator_id
) -> None:
    verification.change(70, "too strict", Actor(operator_id))

    (undo,) = ways_back(admin)

    assert float(previewed(admin.get(undo).text)) == 50


def ways_back(admin: Visitor) -> list[str]:
    """Return the targets of the history's undo links, newest first."""
    links = re.findall(r'href="(/threshold\?score=[^"]+)"', admin.get("/threshold").text)
    return [html.unescape(link) for link in links]
