"""Verification (1:1): compare a probe with the claimed person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from uuid import UUID

from sqlalchemy.orm import Session

from ml import match_rules
from webapp.core.actor import Actor
from webapp.core.events import record_event
from webapp.db.models import Kind, Outcome, Person, Purpose
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.errors.liveness import ChallengeFailed, ChallengeNeeded, WaiverUnexplained
from webapp.errors.matching import NobodyEnrolled
from webapp.gallery.base import PersonAnchors
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.attempts import attempt_log
from webapp.services.liveness import challenges, results
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.results import WAIVERS, Result
from webapp.services.liveness.setting import Liveness
from webapp.services.matching import claimed_identity, decoys
from webapp.services.matching.decision import (
    UNKNOWN_PERSON,
    MatchDecision,
    PersonLabel,
    anchor_scores,
    notes_on_probe,
)
from webapp.services.matching.probe import Probe, probe_for
from webapp.services.people.people import anybody_enrolled
from webapp.services.thresholds import per_person, verification
from webapp.services.thresholds.verification import Threshold

# An id that no person has.
NOBODY = UUID(int=0)

# Records a challenge's result, in the transaction of an attempt. Arguments: the session, the
# person, and the attempt.
Keeper = Callable[[Session, UUID | None, UUID], None]


def _keep_nothing(_session: Session, _person: UUID | None, _attempt: UUID) -> None:
    """Record nothing: no challenge was required."""


@dataclass(frozen=True)
class _Claim:
    """The claimed person, the similarities of their anchors, and the thresholds.

    `threshold` is the person's own; `everybodys` is the common one, used for unknown people, too.
    """

    person: Person | None
    anchors: PersonAnchors | None
    threshold: Threshold
    everybodys: Threshold

    @property
    def compared(self) -> int:
        """Number of anchors compared."""
        return len(self.anchors.anchor_ids) if self.anchors else 0


def verify(identifier: str, frames: Sequence[bytes], actor: Actor) -> MatchDecision:
    """Compare frames with every anchor of the claimed person, and record the attempt.

    An unknown identifier gets a decoy's similarity, and never matches.

    Raises:
        ChallengeNeeded: if a challenge is required.
        NobodyEnrolled: if nobody is enrolled.
        MustWait, FaceDisabled: after several failures, whether or not the identifier exists.
        FaceError: if no frame can be used; a refusal is recorded instead of an attempt.
    """
    setting = liveness.in_force()
    if setting.requires_challenge(Purpose.VERIFY):
        raise ChallengeNeeded
    return _verify(
        identifier, lambda: probe_for(Kind.VERIFY, frames, actor), actor, _keep_nothing, setting
    )


def verify_without_challenge(
    identifier: str, frames: Sequence[bytes], reason: str, actor: Actor
) -> MatchDecision:
    """Verify without a challenge: an operator sees the person, and gives the reason.

    Raises:
        WaiverUnexplained: if the reason is unknown.
        NobodyEnrolled, MustWait, FaceDisabled, FaceError: as `verify`.
    """
    if reason not in WAIVERS:
        raise WaiverUnexplained
    setting = liveness.in_force()
    waived = Result(Purpose.VERIFY, Outcome.WAIVED, setting.strength, reasons=(reason,))

    def keep(session: Session, person: UUID | None, attempt: UUID) -> None:
        results.record(session, waived, person, actor, attempt)
        audit.record(session, "challenge_waived", actor, person=person, reason=reason)

    return _verify(identifier, lambda: probe_for(Kind.VERIFY, frames, actor), actor, keep, setting)


def verify_by_challenge(
    challenge_id: UUID, holder: str, identifier: str, actor: Actor
) -> MatchDecision:
    """Judge a challenge; if it was passed, verify the frame chosen for matching.

    Either way, the challenge ends, and its result is recorded.

    Raises:
        ChallengeFailed: if it was not passed; this counts as a failure.
        ChallengeUnknown, ChallengeOver: if there is no such challenge to judge.
        NobodyEnrolled, MustWait, FaceDisabled: as `verify`.
    """
    digest, setting = claimed_identity.claim_digest(identifier), liveness.in_force()
    claimed_identity.check_may_try(digest, setting, actor)
    shown = challenges.judge(challenge_id, holder, identifier, Purpose.VERIFY, actor)

    def keep(session: Session, person: UUID | None, attempt: UUID | None) -> None:
        challenges.end(session, challenge_id)
        results.record(session, shown.result, person, actor, attempt)

    if shown.face is not None:
        probe = Probe(shown.face[None], (), sent=1)
        return _verify(identifier, lambda: probe, actor, keep, setting)
    with unit_of_work() as session:
        person = claimed_identity.claimed_person(identifier)
        keep(session, person.id if person else None, None)
        network = claimed_identity.network_digest(digest, actor)
        claimed_identity.count_failure(session, digest, person, setting, actor, network)
    record_event("challenge_failed", account=actor.account)
    raise ChallengeFailed


def _verify(
    identifier: str,
    probe_of: Callable[[], Probe],
    actor: Actor,
    keep: Keeper,
    setting: Liveness,
) -> MatchDecision:
    started = perf_counter()
    if not anybody_enrolled():
        raise NobodyEnrolled
    digest = claimed_identity.claim_digest(identifier)
    claimed_identity.check_may_try(digest, setting, actor)
    probe = probe_of()

    @retry_on_conflict
    def decide() -> MatchDecision:
        # The audit entry of a program's use must be durable before the answer.
        with unit_of_work(durable=actor.key is None) as session:
            # Concurrent attempts may have failed.
            claimed_identity.check_may_try(digest, setting, actor)
            claim = _claim(identifier, probe)
            decoy = decoys.decoy_similarity(identifier, probe.frames, claim.everybodys)
            decision = _decision(claim, decoy, probe, started)
            attempt = attempt_log.record(session, Kind.VERIFY, decision, actor, digest)
            keep(session, claim.person.id if claim.person else None, attempt)
            if decision.match:
                claimed_identity.reset_failures(session, digest, setting, actor)
            else:
                network = claimed_identity.network_digest(digest, actor)
                claimed_identity.count_failure(
                    session, digest, claim.person, setting, actor, network
                )
        return decision

    decision = decide()
    record_event("verified", match=decision.match, account=actor.account)
    return decision


def _claim(identifier: str, probe: Probe) -> _Claim:
    person = claimed_identity.claimed_person(identifier)
    everybodys = verification.in_force()
    points = per_person.points_of(person.id if person else None)
    # Unknown people are looked up, too: neither time nor a loading gallery may reveal who is
    # enrolled.
    claimed = person.id if person else NOBODY
    anchors = active_model().gallery.similarities(probe.frames, claimed)
    own = per_person.apart(everybodys, points)
    return _Claim(person, anchors, own, everybodys)


def _decision(claim: _Claim, decoy: float, probe: Probe, started: float) -> MatchDecision:
    """Return the decision; `decoy` is the similarity for an unknown person."""
    anchors, label = claim.anchors, PersonLabel.of(claim.person) if claim.person else None
    by_rule = {rule: anchors.by_rule(rule) for rule in match_rules} if anchors else {}
    similarity = by_rule.get(claim.threshold.rule, decoy)
    notes = notes_on_probe(probe.reasons) + (() if label else (UNKNOWN_PERSON,))
    return MatchDecision(
        match=anchors is not None and similarity >= claim.threshold.similarity,
        similarity=similarity,
        score=active_model().engine.calibration.score(similarity),
        threshold=claim.threshold,
        milliseconds=(perf_counter() - started) * 1000,
        compared=claim.compared,
        person=label,
        anchors=anchor_scores([(label, anchors)]) if label and anchors else (),
        reasons=probe.reasons,
        notes=notes,
        everybodys=claim.everybodys,
        by_rule=by_rule,
        frames_sent=probe.sent,
        frames_used=probe.used,
    )
