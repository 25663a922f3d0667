"""Frames of a challenge: in order, of one face, and encrypted."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from flask import Flask

import ml
from tests.integration.liveness.attempts import begun_by
from tests.support import faces, performing
from tests.support.installation import rows_stored, written_down
from tests.support.performing import (
    FRAME_SECONDS,
    HOLDER,
    Performer,
    clock_at,
    drawn,
    perform,
    set_clock,
)
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Challenge, Purpose
from webapp.db.transactions import unit_of_work
from webapp.errors.base import ServiceError
from webapp.errors.liveness import ChallengeFailed, FrameOutOfOrder
from webapp.services.cleanup import purge_expired
from webapp.services.liveness import challenges, frames
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.services.liveness.prompts import STRAIGHT
from webapp.services.matching.verification import verify_by_challenge
from webapp.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings by which every challenge is the same."""
    return performing.always_alike(settings)


@pytest.mark.real_faces
def test_the_next_instruction_comes_only_when_the_one_before_is_done(
    app: Flask, engine, ada
) -> None:
    begun = challenges.begin("ada", HOLDER, SERVER)
    performer = performing.live(engine)
    performer.prompt(None, 0.0)
    asked = begun.asked
    assert (asked.frame, asked.step, asked.instruction) == (1, 0, STRAIGHT)
    for number in range(1, 12):  # the head receives no prompt, and continues to look straight ahead
        at = number * FRAME_SECONDS
        with clock_at(begun.id, at):
            asked = challenges.see(begun.id, HOLDER, number, performer.frame(at), SERVER)
    assert asked.step == 1
    assert asked.instruction == drawn(begun.id).steps[0].kind
    assert asked.share < 1


@pytest.mark.parametrize(
    ("number", "why"), [(1, "replayed"), (0, "reordered"), (3, "dropped"), (10**9, "far ahead")]
)
def test_frames_out_of_order_are_refused_and_change_nothing(
    app: Flask, people, ada, number: int, why: str
) -> None:
    challenge = begun_by()
    challenges.see(challenge, HOLDER, 1, people[0].photos[0], SERVER)
    before = rows_stored()

    with pytest.raises(FrameOutOfOrder) as refusal:
        challenges.see(challenge, HOLDER, number, people[0].photos[0], SERVER)

    assert refusal.value.details == {"expected": 2}
    assert rows_stored() == before
    assert challenges.see(challenge, HOLDER, 2, people[0].photos[0], SERVER).frame == 3


def test_one_of_two_concurrent_equal_frames_counts(
    app: Flask, settings: Settings, engine, ada
) -> None:
    """Each sender has an app of its own on the same database, as in two processes."""
    challenge, frame = begun_by(), performing.live(engine).frame(0.0)
    gate, outcomes = threading.Barrier(2, timeout=30), []
    nodes = [create_app(settings, engine) for _ in range(2)]

    def send(node: Flask) -> None:
        with node.app_context():
            gate.wait()
            try:
                outcomes.append(challenges.see(challenge, HOLDER, 1, frame, SERVER).frame)
            except ServiceError as error:
                outcomes.append(error.code)
            db.session.remove()
            db.engine.dispose()

    threads = [threading.Thread(target=send, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, outcomes)) == ["2", "frame_out_of_order"]
    assert rows_stored()["challenge_frame"] == 1


def test_frames_of_two_challenges_cannot_be_spliced(app: Flask, engine, ada, bob) -> None:
    """Observations of one challenge do not open in another."""
    passed = perform(performing.live(engine), "bob", "another session")
    fresh = begun_by()
    with unit_of_work() as session:
        moved = session.get(Challenge, passed)
        sealed = moved.drawn
        session.get(Challenge, fresh).drawn = sealed

    with pytest.raises(Exception, match="cannot be decrypted with this key"):
        challenges.judge(fresh, HOLDER, "ada", Purpose.VERIFY, SERVER)


@pytest.mark.real_faces
def test_another_face_in_the_middle_fails(app: Flask, engine, ada, bob) -> None:
    first, second = performing.live(engine, 0), performing.live(engine, 1)

    class Swapped:
        def __init__(self) -> None:
            self.steps = 0

        def prompt(self, step: ml.Step | None, at: float) -> None:
            self.steps += step is not None
            first.prompt(step, at)
            second.prompt(step, at)

        def scene(self, at: float) -> np.ndarray:
            return (second if self.steps > 1 else first).actor.scene(at)

    challenge = perform(Performer(Swapped()))
    with pytest.raises(ChallengeFailed):
        verify_by_challenge(challenge, HOLDER, "ada", SERVER)


def test_a_frame_without_a_face_counts_and_is_reported(app: Flask, ada) -> None:
    challenge = begun_by()

    asked = challenges.see(challenge, HOLDER, 1, faces.without_face(), SERVER)
    broken = challenges.see(challenge, HOLDER, 2, b"no picture", SERVER)

    assert (asked.frame, asked.hint) == (2, "no_face")
    assert (broken.frame, broken.hint) == (3, "not_an_image")
    assert rows_stored()["challenge_frame"] == 0


def test_observations_are_encrypted_and_deleted_after_their_time(
    app: Flask, settings: Settings, engine, ada
) -> None:
    challenge = perform(performing.live(engine), "A. Very-Unusual-Claim")
    seen = frames.observations(challenge)
    vectors = [one.embedding for one in seen if one.embedding is not None]
    db.session.rollback()
    stored = written_down(settings)
    assert vectors
    assert not any(vector.tobytes() in stored for vector in vectors)
    assert b"Very-Unusual-Claim" not in stored

    set_clock(challenge, CHALLENGE_LIMITS.seconds + 1)
    purge_expired()

    assert rows_stored()["challenge"] == rows_stored()["challenge_frame"] == 0
