"""Error rates of labelled challenges: BPCER, and APCER by attack (ISO/IEC 30107-3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from ml import share_interval
from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.models import ChallengeResult, Outcome
from webapp.db.transactions import unit_of_work
from webapp.errors.liveness import LabelUnknown
from webapp.services import audit
from webapp.services.liveness.drawn import NOT_FINISHED
from webapp.services.liveness.results import ATTACKS, GENUINE, LABELS


@dataclass(frozen=True)
class Rate:
    """Error rate of one label.

    Attributes:
        label: what was presented to the camera.
        trials: number of challenges that count.
        errors: number judged wrongly: attacks that passed, or people who failed.
        low, high: 95 % interval of the share.
        unanswered: number of challenges that were never judged. A person's count as errors, an
            attack's are ignored, so that neither rate looks better than it is.
    """

    label: str
    trials: int
    errors: int
    low: float
    high: float
    unanswered: int

    @property
    def share(self) -> float | None:
        """Share of errors among the trials, 0 to 1; None without trials."""
        return self.errors / self.trials if self.trials else None


def label_since(since: datetime, label: str, actor: Actor) -> int:
    """Label the unlabelled challenges since a moment, and return their number.

    Raises:
        LabelUnknown: if there is no such label.
    """
    if label not in LABELS:
        raise LabelUnknown
    unlabelled = (
        ChallengeResult.created_at >= since,
        ChallengeResult.label.is_(None),
        ChallengeResult.outcome != Outcome.WAIVED,
    )
    with unit_of_work() as session:
        found = session.scalars(select(ChallengeResult.id).where(*unlabelled)).all()
        session.execute(
            update(ChallengeResult).where(ChallengeResult.id.in_(found)).values(label=label)
        )
        audit.record(session, "challenges_labelled", actor, challenges=len(found), label=label)
    return len(found)


def report(since: datetime | None = None) -> tuple[Rate, ...]:
    """Return the rates of all labels, the person's first."""
    columns = ChallengeResult.label, ChallengeResult.outcome, ChallengeResult.reasons
    judged = ChallengeResult.outcome != Outcome.WAIVED
    labelled = select(*columns).where(ChallengeResult.label.is_not(None), judged)
    if since:
        labelled = labelled.where(ChallengeResult.created_at >= since)
    counts: Counter[tuple[str | None, str]] = Counter()
    for label, outcome, reasons in db.session.execute(labelled):
        counts[label, NOT_FINISHED if NOT_FINISHED in reasons else outcome] += 1
    return tuple(_rate(label, counts) for label in (GENUINE, *ATTACKS))


def _rate(label: str, counts: Counter[tuple[str | None, str]]) -> Rate:
    passed, failed = counts[label, Outcome.PASSED], counts[label, Outcome.FAILED]
    unanswered = counts[label, NOT_FINISHED]
    errors, trials = passed, passed + failed
    if label == GENUINE:
        errors, trials = failed + unanswered, passed + failed + unanswered
    low, high = share_interval(errors, trials) if trials else (0.0, 1.0)
    return Rate(label, trials, errors, low, high, unanswered)
