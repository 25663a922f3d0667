"""Thresholds of an earlier normaliser, or of a deleted rule, keep their share of strangers."""

from __future__ import annotations

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select

from tests.integration.thresholds.past_attempts import attempt
from tests.support.installation import Visitor, words
from tests.support.past import store_cosine_threshold
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry
from webapp.inference.active_model import active_model
from webapp.services.attempts import attempt_log
from webapp.services.thresholds import replay, verification

FMR = 3e-3


def cosine_at(far: float) -> float:
    """Return the plain cosine that earlier releases had at a FAR."""
    cosines, rates = active_model().engine.calibration.former[""]
    return float(np.interp(-far, -rates, cosines))


def strangers_passing() -> float:
    curve = active_model().engine.calibration.pairs
    return curve.rates_at(verification.in_force().similarity)["far"]


def test_a_threshold_keeps_its_share_of_strangers(app: Flask) -> None:
    store_cosine_threshold(cosine_at(FMR))
    assert strangers_passing() == pytest.approx(FMR, rel=0.05)

    verification.carry_over()

    assert strangers_passing() == pytest.approx(FMR, rel=0.05)
    newest, first = verification.history()
    assert newest.value.carried_over
    assert newest.value.score == pytest.approx(first.value.score)
    events = db.session.scalars(select(AuditEntry.event)).all()
    assert events.count("threshold_carried_over") == 1


def test_it_is_carried_over_once(app: Flask) -> None:
    store_cosine_threshold(cosine_at(FMR))

    for _ in range(3):
        verification.carry_over()

    assert len(verification.history()) == 2


def test_nothing_is_recorded_where_the_default_is_in_force(app: Flask) -> None:
    verification.carry_over()
    assert verification.history() == ()


@pytest.mark.parametrize("rule", ["share", "template"])
def test_a_deleted_rule_becomes_the_default_one(app: Flask, rule: str) -> None:
    store_cosine_threshold(cosine_at(FMR), rule)

    verification.carry_over()

    assert verification.in_force().rule == "best"
    assert strangers_passing() == pytest.approx(FMR, rel=0.05)
    newest = verification.history()[0]
    assert (newest.previous.rule, newest.value.rule) == (rule, "best")


def test_the_page_shows_a_notice_until_the_threshold_is_changed(app: Flask, admin: Visitor) -> None:
    store_cosine_threshold(cosine_at(FMR))
    verification.carry_over()
    notice = "Your threshold was carried over"

    assert notice in words(admin.get("/threshold"))

    verification.change(55, "stricter", SERVER)
    assert notice not in words(admin.get("/threshold"))
    assert "Carried over with an update" in words(admin.get("/threshold"))


def test_attempts_keep_their_scores_and_are_not_replayed(app: Flask) -> None:
    attempt(50, match=True, normaliser="", similarity=cosine_at(1e-4), threshold=cosine_at(1e-3))

    (row,) = attempt_log.list_attempts(1).items

    assert row.score == pytest.approx(65, abs=1)
    assert row.threshold_score == pytest.approx(50, abs=1)
    assert replay.by_threshold(verification.in_force()).unknown == 1
