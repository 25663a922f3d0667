from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry, ChallengeResult, Outcome, Purpose, now
from webapp.db.transactions import unit_of_work
from webapp.errors.liveness import LabelUnknown
from webapp.services.liveness import report, results
from webapp.services.liveness.drawn import NOT_FINISHED
from webapp.services.liveness.results import Result


def ended(outcome: Outcome, times: int, label: str | None = None, *reasons: str) -> None:
    result = Result(Purpose.VERIFY, outcome, "normal", reasons=reasons)
    with unit_of_work() as session:
        for _ in range(times):
            results.record(session, result, None, SERVER)
        session.flush()
        if label:
            for row in session.query(ChallengeResult).filter(ChallengeResult.label.is_(None)):
                row.label = label


def rates() -> dict[str, tuple[int, int, int]]:
    db.session.rollback()
    found = report.report()
    return {rate.label: (rate.errors, rate.trials, rate.unanswered) for rate in found}


def run(app: Flask, *arguments: str):
    return app.test_cli_runner().invoke(args=["liveness-report", *arguments])


def test_attacks_that_pass_and_people_who_fail_are_errors(app: Flask) -> None:
    ended(Outcome.PASSED, 18, "genuine")
    ended(Outcome.FAILED, 2, "genuine")
    ended(Outcome.PASSED, 1, "printed")
    ended(Outcome.FAILED, 19, "printed")

    assert rates()["genuine"] == (2, 20, 0)
    assert rates()["printed"] == (1, 20, 0)
    printed = next(rate for rate in report.report() if rate.label == "printed")
    assert 0 < printed.low < 0.05 < printed.high < 0.3


def test_unjudged_challenges_do_not_improve_the_rates(app: Flask) -> None:
    ended(Outcome.PASSED, 9, "genuine")
    ended(Outcome.FAILED, 1, "genuine", NOT_FINISHED)
    ended(Outcome.FAILED, 5, "screen")
    ended(Outcome.FAILED, 4, "screen", NOT_FINISHED)

    assert rates()["genuine"] == (1, 10, 1)
    assert rates()["screen"] == (0, 5, 4)


def test_without_an_error_the_rule_of_three_bounds_the_rate(app: Flask) -> None:
    ended(Outcome.FAILED, 20, "film")

    film = next(rate for rate in report.report() if rate.label == "film")

    assert film.low == 0
    assert film.high == pytest.approx(3 / 20)


def test_the_command_labels_the_last_challenge_and_counts(app: Flask) -> None:
    ended(Outcome.FAILED, 3)
    with unit_of_work() as session:
        for row in session.query(ChallengeResult).limit(1):
            row.created_at = now() - timedelta(hours=1)
    ended(Outcome.WAIVED, 1)

    shown = run(app, "--label", "printed", "--minutes", "10").output

    assert "Labelled 2 challenges of the last 10 minutes as printed" in shown
    assert "printed photos passed (APCER)     0 of 2, 0.0%" in shown
    assert "people refused (BPCER)            none labelled" in shown
    db.session.rollback()
    assert db.session.query(AuditEntry).filter_by(event="challenges_labelled").count() == 1
    ended(Outcome.PASSED, 1)
    assert "1 of 3" in run(app, "--label", "printed").output


def test_a_day_limits_the_report(app: Flask) -> None:
    ended(Outcome.PASSED, 2, "genuine")

    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%d}"

    assert "0 of 2" in run(app).output
    assert "none labelled" in run(app, "--since", tomorrow).output


def test_only_known_labels_are_taken(app: Flask) -> None:
    with pytest.raises(LabelUnknown):
        report.label_since(now(), "a ghost", SERVER)
    assert run(app, "--label", "ghost").exit_code == 2
