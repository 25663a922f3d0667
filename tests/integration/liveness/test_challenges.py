from __future__ import annotations

import threading
from uuid import UUID

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.integration.liveness.attempts import begun_by, ended, failures_of, results
from tests.support import faces, performing
from tests.support.installation import rows_stored
from tests.support.performing import HOLDER, perform, set_clock
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Attempt, AuditEntry, Challenge, Outcome, Purpose
from webapp.errors.base import ServiceError
from webapp.errors.liveness import (
    ChallengeFailed,
    ChallengeNeeded,
    ChallengeNotAsked,
    ChallengeOver,
    ChallengeUnknown,
    WaiverUnexplained,
)
from webapp.errors.matching import MustWait
from webapp.errors.people import AnotherFace
from webapp.services.enrolment import store
from webapp.services.enrolment.evidence import LivenessEvidence
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import challenges
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.services.matching import claimed_identity
from webapp.services.matching.verification import (
    verify,
    verify_by_challenge,
    verify_without_challenge,
)
from webapp.services.people.people import delete_person
from webapp.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings by which every challenge is the same."""
    return performing.always_alike(settings)


def test_deleting_a_person_deletes_their_challenges(app: Flask, ada, bob) -> None:
    begun_by("ada")
    begun_by("bob", "another")
    waiting = Challenge.claim_digest == claimed_identity.claim_digest("ada")
    assert db.session.scalar(select(func.count()).where(waiting)) == 1

    delete_person(ada, SERVER)

    assert db.session.scalar(select(func.count()).where(waiting)) == 0
    assert rows_stored()["challenge"] == 1


@pytest.mark.real_faces
def test_a_live_person_is_compared(app: Flask, engine, ada) -> None:
    challenge = perform(performing.live(engine))

    decision = verify_by_challenge(challenge, HOLDER, "Ada", SERVER)

    assert decision.match
    (result,) = results()
    attempt = db.session.scalar(select(Attempt))
    assert (result.outcome, result.person_id, result.attempt_id) == ("passed", ada, attempt.id)
    assert (len(result.steps), result.reasons) == (2, [])
    assert result.cues
    assert result.frames > 5
    assert 0 < result.seconds < CHALLENGE_LIMITS.seconds
    stored = rows_stored()
    assert stored["challenge"] == stored["challenge_frame"] == 0


def test_another_live_person_is_no_match(app: Flask, engine, ada, bob) -> None:
    decision = verify_by_challenge(perform(performing.live(engine)), HOLDER, "ada", SERVER)
    other = verify_by_challenge(perform(performing.live(engine), "bob"), HOLDER, "bob", SERVER)

    assert decision.match
    assert not other.match
    assert [result.outcome for result in results()] == ["passed", "passed"]
    assert failures_of("bob") == 1


@pytest.mark.real_faces
def test_a_photo_of_the_person_fails_and_counts_for_known_and_unknown_claims(
    app: Flask, engine, ada
) -> None:
    for identifier in ("ada", "nobody"):
        challenge = perform(performing.photo(engine), identifier)

        with pytest.raises(ChallengeFailed):
            verify_by_challenge(challenge, HOLDER, identifier, SERVER)

        assert failures_of(identifier) == 1
    assert [(one.outcome, one.person_id) for one in results()] == [
        ("failed", ada),
        ("failed", None),
    ]
    assert all(result.reasons for result in results())
    assert rows_stored()["attempt"] == rows_stored()["challenge_frame"] == 0


def test_pictures_alone_are_refused_for_known_and_unknown_claims(app: Flask, people, ada) -> None:
    before = rows_stored()
    for identifier in ("ada", "nobody"):
        with pytest.raises(ChallengeNeeded):
            verify(identifier, [people[0].photos[2]], SERVER)
    assert rows_stored() == before


def test_no_challenge_starts_without_the_setting(app: Flask, enrol) -> None:
    enrol("ada", photos=3)
    with pytest.raises(ChallengeNotAsked):
        begun_by()


def test_a_challenge_expires_after_half_a_minute_and_counts_as_a_failure(
    app: Flask, people, ada
) -> None:
    for which in range(2):
        challenge = begun_by()
        challenges.see(challenge, HOLDER, 1, people[0].photos[0], SERVER)
        set_clock(challenge, CHALLENGE_LIMITS.seconds + 0.1)

        with pytest.raises(ChallengeOver):
            ended(challenge)[which]()

        assert failures_of("ada") == which + 1
        assert rows_stored()["challenge"] == 0
    assert {(one.outcome, *one.reasons) for one in results()} == {("failed", "not_finished")}


def test_a_challenge_is_judged_once(app: Flask, engine, ada) -> None:
    challenge = perform(performing.live(engine))
    verify_by_challenge(challenge, HOLDER, "ada", SERVER)

    for act in ended(challenge):
        with pytest.raises(ChallengeUnknown):
            act()
    assert rows_stored()["attempt"] == rows_stored()["challenge_result"] == 1


def test_two_verdicts_at_once_are_one(app: Flask, settings: Settings, engine, ada) -> None:
    challenge = perform(performing.live(engine))
    gate, outcomes = threading.Barrier(2), []

    def judge(node: Flask) -> None:
        with node.app_context():
            gate.wait()
            try:
                outcomes.append(verify_by_challenge(challenge, HOLDER, "ada", SERVER).match)
            except ServiceError as error:
                outcomes.append(error.code)
            db.session.remove()
            db.engine.dispose()

    nodes = [create_app(settings, engine) for _ in range(2)]
    threads = [threading.Thread(target=judge, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, outcomes)) == ["True", "challenge_unknown"]
    assert rows_stored()["attempt"] == 1


@pytest.mark.parametrize(
    ("holder", "identifier"), [("another session", "ada"), (HOLDER, "bob"), (HOLDER, "nobody")]
)
def test_a_challenge_counts_for_its_holder_and_claim_only(
    app: Flask, engine, ada, bob, holder: str, identifier: str
) -> None:
    challenge = perform(performing.live(engine))

    with pytest.raises(ChallengeUnknown):
        verify_by_challenge(challenge, holder, identifier, SERVER)
    with pytest.raises(ChallengeUnknown):
        challenges.see(challenge, "another session", 1, faces.without_face(), SERVER)
    with pytest.raises(ChallengeUnknown):
        challenges.pass_for_enrolment(challenge, HOLDER, "ada", Actor(UUID(int=1)))

    assert verify_by_challenge(challenge, HOLDER, "ada", SERVER).match


def test_leaving_a_challenge_and_drawing_another_counts_as_a_failure(
    app: Flask, people, ada
) -> None:
    begun_by()
    begun_by()
    assert failures_of("ada") == 0  # without a frame

    challenges.see(begun_by(), HOLDER, 1, people[0].photos[0], SERVER)
    begun_by()
    assert failures_of("ada") == 1

    challenges.see(begun_by(holder="another"), "another", 1, people[0].photos[0], SERVER)
    begun_by()  # other people's challenges continue
    assert failures_of("ada") == 1
    assert rows_stored()["challenge"] == 2


@pytest.mark.parametrize("identifier", ["ada", "nobody"])
def test_after_ten_failures_there_is_a_wait(app: Flask, people, ada, identifier: str) -> None:
    for _ in range(10):
        challenges.see(begun_by(identifier), HOLDER, 1, people[0].photos[0], SERVER)
    assert failures_of(identifier) == 9  # the last one may still be completed

    with pytest.raises(MustWait):
        begun_by(identifier)
    assert failures_of(identifier) == 10


def test_an_operator_may_waive_it_with_a_reason_that_is_audited(
    app: Flask, people, ada, operator_id
) -> None:
    with pytest.raises(WaiverUnexplained):
        verify_without_challenge("ada", [people[0].photos[2]], "no time", Actor(operator_id))

    decision = verify_without_challenge(
        "ada", [people[0].photos[2]], "cannot_move", Actor(operator_id)
    )

    assert decision.match
    (result,) = results()
    assert (result.outcome, result.reasons) == (Outcome.WAIVED, ["cannot_move"])
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.event == "challenge_waived"))
    assert entry.account_id == operator_id
    assert str(ada) in entry.details


def test_a_passed_challenge_counts_until_the_enrolment(
    app: Flask, engine, guarded, known_faces, operator_id
) -> None:
    challenge = perform(performing.live(engine), "carol", purpose=Purpose.ENROL)

    with pytest.raises(ChallengeUnknown):
        challenges.passed_face(challenge, HOLDER, "carol")
    challenges.pass_for_enrolment(challenge, HOLDER, "carol", Actor(operator_id))

    face = challenges.passed_face(challenge, HOLDER, "carol")
    normaliser = engine.calibration.normaliser
    known = normaliser(np.stack([known_faces[person][0].embedding for person in (0, 1)]))
    same, other = known.similarities(normaliser(face[None]))[:, 0]
    assert same > engine.calibration.default_threshold > other
    assert rows_stored()["challenge_frame"] == 0
    for holder, identifier in (("another", "carol"), (HOLDER, "dora")):
        with pytest.raises(ChallengeUnknown):
            challenges.passed_face(challenge, holder, identifier)
    with pytest.raises(ChallengeUnknown):
        verify_by_challenge(challenge, HOLDER, "carol", SERVER)


def test_enrolment_needs_evidence_while_challenges_are_required(
    app: Flask, guarded, known_faces, operator_id
) -> None:
    carol, pictures, actor = NewPerson("carol", "Carol", True), known_faces[0], Actor(operator_id)
    before = rows_stored()

    with pytest.raises(ChallengeNeeded):
        store.enrol(carol, pictures, actor)
    with pytest.raises(ChallengeUnknown):
        store.enrol(carol, pictures, actor, LivenessEvidence(HOLDER, UUID(int=1)))
    with pytest.raises(WaiverUnexplained):
        store.enrol(carol, pictures, actor, LivenessEvidence(HOLDER, waiver="no time"))
    assert rows_stored() == before

    person = store.enrol(carol, pictures[:1], actor, LivenessEvidence(waiver="cannot_move"))
    with pytest.raises(ChallengeNeeded):
        store.add_anchors(person, pictures[1:2], actor)
    waived = db.session.scalar(select(AuditEntry).where(AuditEntry.event == "challenge_waived"))
    assert waived.account_id == operator_id
    assert str(person) in waived.details


def test_a_passed_challenge_serves_one_enrolment_of_the_same_face(
    app: Flask, engine, guarded, known_faces, operator_id
) -> None:
    actor = Actor(operator_id)
    challenge = perform(performing.live(engine), "carol", purpose=Purpose.ENROL)
    challenges.pass_for_enrolment(challenge, HOLDER, "carol", actor)
    evidence, carol = LivenessEvidence(HOLDER, challenge), NewPerson("carol", "Carol", True)

    with pytest.raises(AnotherFace):
        store.enrol(carol, known_faces[1], actor, evidence)
    person = store.enrol(carol, known_faces[0][:1], actor, evidence)

    with pytest.raises(ChallengeUnknown):
        store.add_anchors(person, known_faces[0][1:2], actor, evidence)
