"""Settings that accept strangers or lock people out need a confirmation word everywhere."""

from __future__ import annotations

import json
import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from ml import STEPS
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry, ChallengeScope
from webapp.errors.thresholds import ConfirmationNeeded
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.setting import Liveness
from webapp.services.thresholds import (
    dangers,
    error_rates,
    identification,
    per_person,
    verification,
)
from webapp.services.thresholds.identification import IdentificationPolicy

# The word in the page's language, and the page's warning about a threshold of 0.
WORDS = {
    "en": ("dangerous", "Anybody will be accepted as anybody."),
    "de": ("gefährlich", "Jede Person wird als jede andere akzeptiert."),
    "fr": ("dangereux", "N’importe qui sera accepté comme étant n’importe qui."),
}


def set_threshold(admin: Visitor, score: float, **fields: str) -> TestResponse:
    sent = {"score": str(score), "reason": "tried", "based_on": "0"} | fields
    return admin.post("/threshold", **sent)


def confirmed_in_audit_log() -> list[list[str]]:
    db.session.rollback()
    details = map(json.loads, db.session.scalars(select(AuditEntry.details)))
    return [entry["confirmed"] for entry in details if "confirmed" in entry]


# Everybody's threshold


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("score", [0, 12.5, 100])
def test_a_dangerous_score_is_set_with_the_word_of_the_pages_language_alone(
    app: Flask, admin: Visitor, score: float, language: str
) -> None:
    admin.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    word, anybody = WORDS[language]

    review = set_threshold(admin, score, review="y")
    assert review.status_code == 200
    assert 'name="confirmation"' in review.text
    assert 'class="danger"' in review.text
    assert word in words(review)
    assert (anybody in words(review)) == (score == 0)

    others = {of for language, (of, _) in WORDS.items() if of != word}
    for typed in ("", "yes", *others):
        refused = set_threshold(admin, score, confirmation=typed)
        assert refused.status_code == 200
        assert 'id="confirmation-errors"' in refused.text
        assert 'value="tried"' in refused.text
    assert rows_stored()["threshold_change"] == 0

    assert set_threshold(admin, score, confirmation=f" {word.upper()} ").status_code == 302
    assert verification.in_force().score == pytest.approx(score)


def test_the_word_is_required_above_one_stranger_in_a_hundred(app: Flask, admin: Visitor) -> None:
    costs = error_rates.costs_of(verification.in_force(), 1)
    convenient = costs.presets()[0].score
    assert convenient is not None

    assert 'name="confirmation"' not in set_threshold(admin, convenient, review="y").text
    below = set_threshold(admin, convenient - 0.2, review="y")
    assert 'name="confirmation"' in below.text
    assert "About 1 stranger in 9" in words(below)


def test_the_page_warns_in_red_of_a_dangerous_score_before_a_change(
    admin: Visitor,
) -> None:
    evaluated = admin.get("/threshold?score=0")
    assert "Anybody will be accepted as anybody." in words(evaluated)
    assert '<div class="danger-notice" data-danger>' in evaluated.text

    assert '<div class="danger-notice" data-danger hidden>' in admin.get("/threshold").text
    assert "genuine attempts will be refused" in words(admin.get("/threshold?score=100"))


def test_a_dangerous_active_threshold_stays_red(app: Flask, admin: Visitor) -> None:
    verification.change(0, "a demonstration", SERVER, confirmed=True)

    card = re.search(r'aria-labelledby="in-force".*?</section>', admin.get("/threshold").text, re.S)

    assert "Anybody will be accepted as anybody." in card.group()


def test_another_rule_is_judged_by_its_own_figures(app: Flask, admin: Visitor) -> None:
    by = {
        rule: error_rates.costs_by(rule, 1).at(41).strangers.share for rule in verification.rules()
    }
    risky = max(by, key=lambda rule: by[rule])
    score = next(
        score for score in range(41, 1, -1) if error_rates.costs_by(risky, 1).at(score).dangers
    )

    assert set_threshold(admin, score, rule=risky).status_code == 200
    assert rows_stored()["threshold_change"] == 0


def test_undoing_to_a_dangerous_value_needs_the_word(app: Flask, admin: Visitor) -> None:
    verification.change(0, "a demonstration", SERVER, confirmed=True)
    verification.change(50, "it is over", SERVER)
    undo = re.search(r'href="(/threshold\?score=0[^"]*)"', admin.get("/threshold").text).group(1)

    assert "Anybody will be accepted as anybody." in words(admin.get(undo))
    assert set_threshold(admin, 0, based_on="2").status_code == 200
    assert verification.in_force().score == pytest.approx(50)


def test_confirmations_are_in_the_audit_log(app: Flask, admin: Visitor) -> None:
    set_threshold(admin, 60)
    assert confirmed_in_audit_log() == []

    set_threshold(admin, 0, confirmation="dangerous", based_on="1")
    set_threshold(admin, 100, confirmation="dangerous", based_on="2")

    assert confirmed_in_audit_log() == [["strangers_accepted"], ["people_refused"]]


def test_the_service_itself_refuses(app: Flask) -> None:
    with pytest.raises(ConfirmationNeeded) as refused:
        verification.change(0, "why not", SERVER)

    assert [danger.code for danger in refused.value.dangers] == ["strangers_accepted"]
    assert verification.history() == ()


def test_the_figures_follow_the_number_of_pictures(app: Flask, known_faces, admin: Visitor) -> None:
    with_one = error_rates.costs_by("best", 1)
    score = next(tenth / 10 for tenth in range(300, 500) if not with_one.at(tenth / 10).dangers)
    assert 'name="confirmation"' not in set_threshold(admin, score, review="y").text

    store.enrol(NewPerson("ada", "Ada", True), known_faces[0] * 2, SERVER)

    assert 'name="confirmation"' in set_threshold(admin, score, review="y").text


# One person


def test_a_persons_threshold_that_hardly_ever_matches_needs_the_word(
    app: Flask, admin: Visitor, ada: UUID
) -> None:
    path, sent = f"/people/{ada}/threshold", {"points": "50", "reason": "a twin", "based_on": "0"}

    review = admin.post(path, **sent, review="y")
    assert "genuine attempts will be refused." in words(review)
    assert admin.post(path, **sent).status_code == 200
    assert rows_stored()["person_threshold_change"] == 0

    assert admin.post(path, **sent, confirmation="dangerous").status_code == 302
    assert per_person.of_person(ada).threshold.score == pytest.approx(100)


def test_a_stricter_person_under_a_dangerous_threshold_needs_no_word(
    app: Flask, admin: Visitor, ada: UUID
) -> None:
    verification.change(5, "a demonstration", SERVER, confirmed=True)
    path, sent = f"/people/{ada}/threshold", {"points": "1", "reason": "x", "based_on": "0"}

    assert admin.post(path, **sent).status_code == 302
    assert per_person.of_person(ada).threshold.score == pytest.approx(6)


# Identification


def test_a_search_that_takes_more_than_one_stranger_in_a_hundred_needs_the_word(
    app: Flask, admin: Visitor, ada: UUID
) -> None:
    sent = {"percent": "5", "margin": "5", "reason": "found more often", "based_on": "0"}

    review = admin.post("/threshold/search", **sent, review="y")
    assert "About 1 stranger in 20 will be taken for somebody enrolled." in words(review)
    assert admin.post("/threshold/search", **sent).status_code == 200
    assert rows_stored()["search_change"] == 0

    assert admin.post("/threshold/search", **sent, confirmation="dangerous").status_code == 302
    assert identification.in_force() == IdentificationPolicy(0.05, 5)


def test_identification_that_finds_hardly_anybody_is_dangerous_by_setting(
    app: Flask,
) -> None:
    calibration = active_model().engine.calibration
    now, strict = calibration.similarity(70), calibration.similarity(90)

    (danger,) = dangers.of_search(calibration, 0.001, strict, now, "best", 1)
    assert danger.code == "people_refused"
    assert dangers.of_search(calibration, 0.01, strict, strict, "best", 1) == ()


# Liveness checks


def ask_for(admin: Visitor, setting: Liveness, **fields: str) -> TestResponse:
    light = {"light": "y"} if setting.light else {}
    return admin.post(
        "/liveness",
        guarded=setting.guarded.value,
        strength=setting.strength,
        allowed=list(setting.allowed),
        reason="tried",
        based_on=str(liveness.newest_number()),
        **light,
        **fields,
    )


STRONG = Liveness(ChallengeScope.ENROLMENT, "strict", STEPS, light=True)


@pytest.mark.parametrize(
    ("weaker", "shown"),
    [
        (Liveness(ChallengeScope.NOTHING, "strict", STEPS, light=True), "A good photo held before"),
        (
            Liveness(ChallengeScope.VERIFICATION, "strict", STEPS, light=True),
            "enrolled from a photo",
        ),
        (Liveness(ChallengeScope.ENROLMENT, "normal", STEPS, light=True), "More photos and films"),
        (Liveness(ChallengeScope.ENROLMENT, "strict", STEPS[:2], light=True), "easier to foresee"),
        (Liveness(ChallengeScope.ENROLMENT, "strict", STEPS), "Films on screens will be accepted"),
    ],
)
def test_weaker_movements_are_reviewed_and_need_the_word(
    app: Flask, admin: Visitor, weaker: Liveness, shown: str
) -> None:
    liveness.change(STRONG, "photos were shown", SERVER)

    review = ask_for(admin, weaker)
    assert review.status_code == 200
    assert shown in words(review)
    assert ask_for(admin, weaker, review="y", confirmation="no").status_code == 200
    assert liveness.in_force() == STRONG

    assert ask_for(admin, weaker, review="y", confirmation="dangerous").status_code == 302
    db.session.rollback()
    assert liveness.in_force() == weaker
    assert len(confirmed_in_audit_log()) == 1


def test_stronger_movements_are_set_without_a_word(app: Flask, admin: Visitor) -> None:
    for setting in (Liveness(ChallengeScope.VERIFICATION, "gentle", STEPS[:2]), STRONG):
        assert ask_for(admin, setting).status_code == 302
        db.session.rollback()
        assert liveness.in_force() == setting
