"""Daily figures equal sums by hand."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from flask import Flask

from tests.support.installation import Visitor, words
from tests.support.past import past_attempt
from webapp.db.models import Attempt, Kind, Refusal, now
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.services.attempts.daily_statistics import figures


def attempt(days_ago: int, similarity: float, milliseconds: float, **facts: object) -> Attempt:
    at = now() - timedelta(days=days_ago)
    return past_attempt(created_at=at, similarity=similarity, milliseconds=milliseconds, **facts)


@pytest.fixture
def busy(app: Flask) -> None:
    with unit_of_work() as session:
        session.add_all(
            [
                attempt(0, 0.94, 100),
                attempt(0, 0.98, 300),
                attempt(0, 0.20, 1400, match=False),
                attempt(0, 0.99, 200, kind=Kind.IDENTIFY),
                attempt(0, 0.10, 500, model_id="another-00000000"),
                attempt(3, 0.95, 100),
                attempt(40, 0.95, 100),
                Refusal(kind=Kind.VERIFY, code="no_face"),
                Refusal(kind=Kind.VERIFY, code="too_dark"),
                Refusal(kind=Kind.IDENTIFY, code="no_face"),
            ]
        )


def test_a_day_is_summed_up(app: Flask, busy) -> None:
    today = figures(7, UTC).days[-1]

    assert (today.matches, today.non_matches, today.searches, today.refused) == (3, 1, 1, 3)
    assert today.match_rate == pytest.approx(3 / 4)
    assert today.refused_rate == pytest.approx(3 / 8)
    assert today.milliseconds == pytest.approx(500)
    assert today.in_time == pytest.approx(4 / 5)


def test_genuine_scores_are_those_of_the_model_that_serves(app: Flask, busy) -> None:
    genuine = figures(7, UTC).days[-1].genuine

    to_score = active_model().engine.calibration.score
    assert genuine.middle == pytest.approx(to_score(0.96))
    assert genuine.low == pytest.approx(to_score(0.94), abs=0.01)
    assert genuine.high == pytest.approx(to_score(0.98), abs=0.01)


def test_a_period_has_all_its_days_and_no_others(app: Flask, busy) -> None:
    found = figures(7, UTC)

    assert [day.attempts for day in found.days] == [0, 0, 0, 1, 0, 0, 5]
    assert found.days[1].match_rate is None
    assert found.days[1].genuine is None
    assert found.whole.attempts == 6
    assert figures(90, UTC).whole.attempts == 7


def test_reasons_are_counted_the_most_frequent_first(app: Flask, busy) -> None:
    assert figures(7, UTC).reasons == (("no_face", 2), ("too_dark", 1))


def test_the_page_shows_pictures_and_the_same_as_a_table(operator: Visitor, busy) -> None:
    page = operator.get("/dashboard?days=7")

    assert page.text.count('<svg viewBox="0 0 420 200"') == 5
    assert "Match rate 80% of the verifications" in words(page)
    assert "No face was found" in words(page)
    assert 'style="' not in page.text


@pytest.mark.parametrize("days", ["", "0", "-1", "8", "x", "100000000"])
def test_an_empty_installation_and_a_strange_period_have_a_page(
    operator: Visitor, days: str
) -> None:
    page = operator.get("/dashboard", query_string={"days": days})

    assert page.status_code == 200
    assert 'aria-current="true">30 days' in page.text
