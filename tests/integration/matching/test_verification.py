from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import select

import ml
from tests.support import faces
from tests.support.installation import rows_stored, written_down
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Attempt, Refusal
from webapp.errors.matching import NobodyEnrolled
from webapp.errors.thresholds import ThresholdOutOfRange
from webapp.inference.active_model import active_model
from webapp.services.matching.identification import identify
from webapp.services.matching.verification import verify
from webapp.services.people import people as people_service
from webapp.services.thresholds import verification
from webapp.settings import Settings


@pytest.mark.real_faces
def test_another_photo_of_the_person_matches(app: Flask, people, ada) -> None:
    decision = verify("Ada", [people[0].photos[2]], SERVER)

    assert decision.match
    assert decision.score >= decision.threshold_score
    assert decision.compared == len(decision.anchors) == 2
    assert decision.person.id == ada


@pytest.mark.real_faces
def test_another_persons_photo_does_not_match(app: Flask, people, ada) -> None:
    decision = verify("ada", [people[1].photos[0]], SERVER)

    assert not decision.match
    assert decision.score < decision.threshold_score


def test_the_score_is_that_of_the_best_anchor(app: Flask, people, ada) -> None:
    decision = verify("ada", [people[0].photos[2]], SERVER)

    scores = [anchor.score for anchor in decision.anchors]
    assert scores == sorted(scores, reverse=True)
    assert decision.score == pytest.approx(scores[0], abs=1e-4)


def test_unusable_frames_next_to_a_usable_one_do_not_matter(app: Flask, people, ada) -> None:
    alone = verify("ada", [people[0].photos[2]], SERVER)

    beside = verify("ada", [faces.without_face(), people[0].photos[2], b"no picture"], SERVER)

    assert beside.similarity == pytest.approx(alone.similarity, abs=1e-6)


def test_frames_of_different_people_score_no_better_than_the_best_of_them(
    app: Flask, people, ada, bob
) -> None:
    photos = [person.photos[0] for person in people[:3]]
    singly = [verify("bob", [photo], SERVER).similarity for photo in photos]

    together = verify("bob", photos, SERVER).similarity

    assert together <= max(singly) + 1e-6


def test_an_attempt_stores_its_model_rule_and_threshold(
    app: Flask, people, ada, operator_id
) -> None:
    decision = verify("ada", [people[0].photos[2]], Actor(operator_id))
    verification.change(90, "later", Actor(operator_id), confirmed=True)

    attempt = db.session.scalar(select(Attempt))
    assert (attempt.person_id, attempt.match, attempt.account_id) == (ada, True, operator_id)
    assert attempt.threshold == active_model().engine.calibration.default_threshold
    assert attempt.similarity == pytest.approx(decision.similarity)
    assert attempt.model_id == active_model().engine.model_id
    assert attempt.rule == "best"


def test_verification_and_identification_need_an_enrolled_person(
    app: Flask, people, operator_id
) -> None:
    before = rows_stored()

    with pytest.raises(NobodyEnrolled):
        verify("ada", [people[0].photos[0]], SERVER)
    with pytest.raises(NobodyEnrolled):
        identify([people[0].photos[0]], Actor(operator_id))

    assert rows_stored() == before


def test_a_picture_without_a_face_is_a_refusal_and_no_attempt(app: Flask, ada, operator_id) -> None:
    with pytest.raises(ml.NoFace):
        verify("ada", [faces.without_face()], SERVER)
    with pytest.raises(ml.NoFace):
        identify([faces.without_face()], Actor(operator_id))

    assert rows_stored()["attempt"] == 0
    refusals = db.session.scalars(select(Refusal).order_by(Refusal.created_at)).all()
    assert [(refusal.kind, refusal.code) for refusal in refusals] == [
        ("verify", "no_face"),
        ("identify", "no_face"),
    ]


def test_the_person_is_found_among_all(app: Flask, people, ada, bob, operator_id) -> None:
    decision = identify([people[0].photos[2]], Actor(operator_id))

    assert decision.match
    assert decision.person.id == ada
    assert decision.compared == 5


def test_a_stranger_is_not_identified(app: Flask, people, ada, operator_id) -> None:
    decision = identify([people[1].photos[0]], Actor(operator_id))

    assert not decision.match
    assert decision.person is None


def test_the_threshold_among_all_follows_the_people_and_their_anchors(
    app: Flask, people, ada, bob, operator_id
) -> None:
    decision = identify([people[0].photos[2]], Actor(operator_id))

    calibration = active_model().engine.calibration
    assert decision.threshold.similarity == calibration.identification_threshold(
        2, anchors=round(5 / 2), rule=calibration.default_rule
    )
    assert "threshold_estimated" in decision.notes


# The threshold


def test_without_a_change_the_models_default_is_active(app: Flask) -> None:
    threshold = verification.in_force()

    assert threshold.similarity == active_model().engine.calibration.default_threshold
    assert threshold.score == pytest.approx(50)


def test_raising_the_threshold_turns_a_match_into_none(
    app: Flask, people, ada, operator_id
) -> None:
    score = verify("ada", [people[0].photos[2]], SERVER).score
    verification.change(score + 1, "stricter", Actor(operator_id), confirmed=True)

    decision = verify("ada", [people[0].photos[2]], SERVER)

    assert not decision.match
    assert decision.threshold_score == pytest.approx(score + 1, abs=0.01)


def test_every_process_follows_a_change_at_once(
    app: Flask, settings: Settings, engine, operator_id
) -> None:
    elsewhere = create_app(settings, engine)
    verification.change(77, "stricter", Actor(operator_id))

    with elsewhere.app_context():
        assert verification.in_force().score == pytest.approx(77, abs=0.01)


def test_changes_are_stored_with_actor_time_values_and_reason(app: Flask, operator_id) -> None:
    verification.change(60, "first", Actor(operator_id))
    verification.change(70, "second", Actor(operator_id))

    newest, oldest = verification.history()

    assert [newest.reason, oldest.reason] == ["second", "first"]
    assert newest.value.score == pytest.approx(70, abs=0.01)
    assert newest.previous.score == pytest.approx(60, abs=0.01)
    assert newest.username == "the operator"
    assert newest.created_at >= oldest.created_at


@pytest.mark.parametrize("score", [-0.1, 100.1, float("nan"), float("inf")])
def test_a_threshold_out_of_range_changes_nothing(app: Flask, operator_id, score: float) -> None:
    with pytest.raises(ThresholdOutOfRange):
        verification.change(score, "why not", Actor(operator_id))

    assert verification.history() == ()


# Deletion


def test_deleting_a_person_leaves_no_trace(
    app: Flask, settings: Settings, people, ada, bob, operator_id
) -> None:
    verify("ada", [people[0].photos[2]], SERVER)
    person = people_service.find_person(ada)
    sealed = [person.key.wrapped, *(anchor.picture[:200] for anchor in person.anchors)]
    db.session.rollback()

    assert all(value in written_down(settings) for value in sealed)
    people_service.delete_person(ada, Actor(operator_id))

    assert not any(value in written_down(settings) for value in sealed)
    attempt = db.session.scalar(select(Attempt))
    assert (attempt.person_id, attempt.claim_digest) == (None, None)
    stored = rows_stored()
    assert [stored[table] for table in ("person", "person_key", "anchor", "anchor_embedding")] == [
        1,
        1,
        3,
        3,
    ]


def test_deleting_while_others_verify_gives_them_a_decision_either_way(
    app: Flask, people, ada, bob, operator_id
) -> None:
    started = threading.Barrier(3)
    decisions: list[bool] = []

    def verify_often() -> None:
        with app.app_context():
            started.wait()
            decisions.extend(verify("ada", [people[0].photos[2]], SERVER).match for _ in range(2))
            db.session.remove()

    threads = [threading.Thread(target=verify_often) for _ in range(2)]
    for thread in threads:
        thread.start()
    started.wait()
    people_service.delete_person(ada, Actor(operator_id))
    for thread in threads:
        thread.join()

    assert len(decisions) == 4  # fewer failures than cause a lockout
    assert not verify("ada", [people[0].photos[2]], SERVER).match
