"""The attempt log: record attempts, list them, and serve them as a feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, contains_eager, selectinload

from ml import FaceError
from webapp.core.actor import Actor
from webapp.db.deferred_writes import deferred_writes
from webapp.db.engine import db
from webapp.db.models import Account, ApiKey, Attempt, Kind, Person, Refusal, now
from webapp.db.pagination import Page, paged
from webapp.db.transactions import is_locked, unit_of_work
from webapp.errors.matching import UnknownAttempt
from webapp.errors.people import NoPictureUsable
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.attempts.attempt_filter import AttemptFilter
from webapp.services.matching.decision import MatchDecision, PersonLabel

LATEST_SHOWN = 10
ROWS_AT_ONCE = 500
NUMBERED_AT_ONCE = 5_000
NUMBERED_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
# Order of the indices of attempts, read backwards.
NEWEST_FIRST = (Attempt.created_at.desc(), Attempt.id.desc())
# Prepared once and run on the connection: every verification and identification ends with it.
_ADD = insert(Attempt)


@dataclass(frozen=True)
class AttemptRow:
    """An attempt as the list shows it.

    `person` is the person claimed or identified, `claim` their identifier. Both are None for
    nobody, and for a person deleted since.
    """

    id: UUID
    person: PersonLabel | None
    created_at: datetime
    kind: Kind
    claim: str | None
    match: bool
    score: float | None
    threshold_score: float | None
    milliseconds: float


@dataclass(frozen=True)
class AttemptRecord:
    """An attempt in full, for other programs.

    `number` is its position in the feed, None until it has one. `asked_by` names an account or an
    API key.
    """

    id: UUID
    number: int | None
    row: AttemptRow
    similarity: float
    threshold: float
    rule: str
    model_id: str
    anchors_compared: int
    reasons: tuple[str, ...]
    asked_by: str | None


def record(
    session: Session,
    kind: Kind,
    decision: MatchDecision,
    actor: Actor,
    claim_digest: bytes | None = None,
) -> UUID:
    """Add an attempt to the running transaction, and return its id."""
    attempt_id = uuid4()
    values = {
        "id": attempt_id,
        "kind": kind,
        "match": decision.match,
        "person_id": decision.person.id if decision.person else None,
        "claim_digest": claim_digest,
        "account_id": actor.account,
        "api_key_id": actor.key,
        "model_id": active_model().engine.model_id,
        "normaliser": active_model().engine.calibration.normaliser.digest,
        "rule": decision.threshold.rule,
        "threshold": decision.threshold.similarity,
        "similarity": decision.similarity,
        "by_rule": dict(decision.by_rule) or None,
        "runner_up": decision.runner_up,
        "anchors_compared": decision.compared,
        "milliseconds": decision.milliseconds,
        "reasons": list(decision.reasons),
    }
    session.connection().execute(_ADD, values)
    return attempt_id


def record_refusal(kind: Kind, error: FaceError | NoPictureUsable) -> None:
    """Count an attempt without a usable picture by the reason; nothing else is kept.

    The write is deferred and may follow the answer: the client retries without waiting for it.
    """
    refused = {"id": uuid4(), "kind": kind, "code": error.code, "created_at": now()}
    deferred_writes().submit(lambda session: session.execute(insert(Refusal).values(refused)))


def list_attempts(page: int, criteria: AttemptFilter | None = None) -> Page[AttemptRow]:
    """Return a page of the attempts that match, newest first."""
    ids = select(Attempt.id).where(*(criteria or AttemptFilter()).conditions())
    found = paged(ids.order_by(*NEWEST_FIRST), page)
    shown = select(Attempt).where(Attempt.id.in_(found.items)).order_by(*NEWEST_FIRST)
    return replace(found, items=_rows(shown))


def find_attempt(attempt_id: UUID) -> AttemptRecord:
    """Return one attempt in full.

    Raises:
        UnknownAttempt: if there is no such attempt.
    """
    found = db.session.execute(
        _in_full(AttemptFilter()).where(Attempt.id == attempt_id)
    ).one_or_none()
    if found is None:
        raise UnknownAttempt
    return _record(*found)


def latest_of(person_id: UUID) -> tuple[AttemptRow, ...]:
    """Return the last attempts in which a person was claimed or identified, newest first."""
    of_person = select(Attempt).where(Attempt.person_id == person_id)
    return _rows(of_person.order_by(*NEWEST_FIRST).limit(LATEST_SHOWN))


def every_attempt(criteria: AttemptFilter, actor: Actor) -> Iterator[AttemptRecord]:
    """Yield the attempts that match, oldest first, without holding all of them in memory."""
    audit.record_read("attempts_exported", actor)
    rows = _in_full(criteria).execution_options(yield_per=ROWS_AT_ONCE)
    for row in db.session.execute(rows):
        yield _record(*row)


def attempts_after(last: int, most: int) -> tuple[AttemptRecord, ...]:
    """Return the next attempts of the feed, in order of commit.

    The order does not depend on clocks, and attempts committed later follow: a reader misses none.

    Args:
        last: number of the last attempt already read; 0 starts at the first.
        most: maximum number of attempts.
    """
    found = _numbered_after(last, most)
    if len(found) < most and _number_new():
        found = _numbered_after(last, most)
    return found


def _numbered_after(last: int, most: int) -> tuple[AttemptRecord, ...]:
    numbered = _in_full(AttemptFilter()).where(Attempt.number > last).order_by(None)
    rows = db.session.execute(numbered.order_by(Attempt.number).limit(most))
    return tuple(_record(*row) for row in rows)


def _number_new() -> bool:
    """Number the attempts that have no position in the feed; return whether there were any.

    Does nothing while another transaction writes: the next read of the feed numbers them.
    """
    without = select(Attempt.id).where(Attempt.number.is_(None))
    if db.session.scalar(without.limit(1)) is None:
        return False
    oldest = without.order_by(Attempt.created_at, Attempt.id).limit(NUMBERED_AT_ONCE)
    try:
        _number(oldest)
    except DBAPIError as error:
        db.session.rollback()
        if not is_locked(error):
            raise
        return False
    return True


def _number(oldest: Select[UUID]) -> None:
    with unit_of_work(waits=False) as session:
        last = max(session.scalar(select(func.max(Attempt.number))) or 0, _seconds_so_far())
        new = session.scalars(oldest).all()
        places = [{"id": one, "number": last + place} for place, one in enumerate(new, start=1)]
        if places:
            session.execute(update(Attempt), places)


def _seconds_so_far() -> int:
    """Return the base of new numbers, beyond those of deleted attempts."""
    return int((now() - NUMBERED_SINCE).total_seconds())


def _in_full(criteria: AttemptFilter) -> Select[Attempt, str, str]:
    """Select attempts with the person's identifier and the name of the actor, oldest first."""
    return (
        select(Attempt, Person.identifier, func.coalesce(Account.username, ApiKey.name))
        .outerjoin(Person, Person.id == Attempt.person_id)
        .outerjoin(Account, Account.id == Attempt.account_id)
        .outerjoin(ApiKey, ApiKey.id == Attempt.api_key_id)
        .options(contains_eager(Attempt.person))
        .where(*criteria.conditions())
        .order_by(Attempt.created_at, Attempt.id)
    )


def _record(attempt: Attempt, claim: str | None, asked_by: str | None) -> AttemptRecord:
    return AttemptRecord(
        id=attempt.id,
        number=attempt.number,
        row=_row(attempt, claim),
        similarity=attempt.similarity,
        threshold=attempt.threshold,
        rule=attempt.rule,
        model_id=attempt.model_id,
        anchors_compared=attempt.anchors_compared,
        reasons=tuple(attempt.reasons),
        asked_by=asked_by,
    )


def _rows(attempts: Select[Attempt]) -> tuple[AttemptRow, ...]:
    found = db.session.scalars(attempts.options(selectinload(Attempt.person)))
    return tuple(
        _row(attempt, attempt.person.identifier if attempt.person else None) for attempt in found
    )


def _row(attempt: Attempt, claim: str | None) -> AttemptRow:
    """Return the row, with scores by the model that decided; another's scale differs."""
    calibration = active_model().calibration_of(attempt.model_id)
    score, threshold = (
        calibration.score_by(one, attempt.normaliser) if calibration else None
        for one in (attempt.similarity, attempt.threshold)
    )
    return AttemptRow(
        id=attempt.id,
        person=PersonLabel.of(attempt.person) if attempt.person else None,
        created_at=attempt.created_at,
        kind=attempt.kind,
        claim=claim,
        match=attempt.match,
        score=score,
        threshold_score=threshold,
        milliseconds=attempt.milliseconds,
    )
