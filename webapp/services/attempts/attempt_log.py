"""Attempts: recorded with what judged them, listed, and handed out as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, contains_eager, selectinload

from ml import FaceError
from webapp.core.days import end_of, start_of
from webapp.core.request_origin import key
from webapp.db.deferred_writes import deferred_writes
from webapp.db.engine import db
from webapp.db.models import Account, ApiKey, Attempt, Kind, Person, Refusal, now
from webapp.db.pagination import Page, paged
from webapp.db.transactions import is_locked, unit_of_work
from webapp.errors.matching import UnknownAttempt
from webapp.errors.people import NoPictureUsable
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.matching.decision import MatchDecision, PersonLabel
from webapp.services.people.people import holds

LATEST_SHOWN = 10
ROWS_AT_ONCE = 500
FEW_PEOPLE = 100
NUMBERED_AT_ONCE = 5_000
NUMBERED_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
# The order of the indices of attempts, read backwards.
NEWEST_FIRST = (Attempt.created_at.desc(), Attempt.id.desc())
# Made once, and past the session: it is what every verification and search ends with.
_ADD = insert(Attempt)


@dataclass(frozen=True)
class AttemptFilter:
    """Which attempts are asked for; what is None or empty is not asked about.

    Attributes:
        person: a part of the identifier or the name of the person claimed or found.
        match: the outcome.
        kind: verification or search.
        since, until: first and last day.
        zone: whose days they are.
    """

    person: str = ""
    match: bool | None = None
    kind: Kind | None = None
    since: date | None = None
    until: date | None = None
    zone: tzinfo = UTC

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What the rows asked for fulfil."""
        if self.person:
            yield _of_people(select(Person.id).where(holds(self.person)))
        if self.match is not None:
            yield Attempt.match.is_(self.match)
        if self.kind is not None:
            yield Attempt.kind == self.kind
        if self.since:
            yield Attempt.created_at >= start_of(self.since, self.zone)
        if self.until:
            yield Attempt.created_at < end_of(self.until, self.zone)


@dataclass(frozen=True)
class AttemptRow:
    """An attempt as the list shows it.

    `person` is the one claimed or found, `claim` their identifier; both are None for nobody, or
    somebody deleted since.
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

    `number` is its place in the feed, if it has one yet; `asked_by` an account or a key to the API.
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
    asked_by: UUID | None,
    claim_digest: bytes | None = None,
) -> UUID:
    """Add the attempt to the running transaction; returns its id."""
    attempt_id = uuid4()
    values = {
        "id": attempt_id,
        "kind": kind,
        "match": decision.match,
        "person_id": decision.person.id if decision.person else None,
        "claim_digest": claim_digest,
        "account_id": asked_by,
        "api_key_id": key(),
        "model_id": active_model().engine.model_id,
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
    """Count a try without a usable picture, by its reason; nothing else of it is kept.

    The count may follow the answer: whoever is to send another picture waits for no writer.
    """
    refused = {"id": uuid4(), "kind": kind, "code": error.code, "created_at": now()}
    deferred_writes().soon(lambda session: session.execute(insert(Refusal).values(refused)))


def list_attempts(page: int, wanted: AttemptFilter | None = None) -> Page[AttemptRow]:
    """A page of the attempts asked for, newest first."""
    ids = select(Attempt.id).where(*(wanted or AttemptFilter()).conditions())
    found = paged(ids.order_by(*NEWEST_FIRST), page)
    shown = select(Attempt).where(Attempt.id.in_(found.items)).order_by(*NEWEST_FIRST)
    return replace(found, items=_rows(shown))


def find_attempt(attempt_id: UUID) -> AttemptRecord:
    """Return one attempt in full.

    Raises:
        UnknownAttempt: if there is none.
    """
    found = db.session.execute(
        _in_full(AttemptFilter()).where(Attempt.id == attempt_id)
    ).one_or_none()
    if found is None:
        raise UnknownAttempt
    return _record(*found)


def latest_of(person_id: UUID) -> tuple[AttemptRow, ...]:
    """The last attempts to be a person, or in which they were found, newest first."""
    of_person = select(Attempt).where(Attempt.person_id == person_id)
    return _rows(of_person.order_by(*NEWEST_FIRST).limit(LATEST_SHOWN))


def every_attempt(wanted: AttemptFilter, exported_by: UUID) -> Iterator[AttemptRecord]:
    """The attempts asked for, oldest first, without holding them all in memory."""
    audit.record_read("attempts_exported", exported_by)
    rows = _in_full(wanted).execution_options(yield_per=ROWS_AT_ONCE)
    for row in db.session.execute(rows):
        yield _record(*row)


def attempts_after(last: int, most: int) -> tuple[AttemptRecord, ...]:
    """The next attempts of the feed, in the order in which they came to stand in the database.

    That order does not depend on clocks, and who still writes comes later: nothing is passed over.

    Args:
        last: the number behind which they stand; 0 for the first.
        most: so many at most.
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
    """Give places in the feed to attempts without one; whether any was given.

    While another program writes none is: they come with the next look at the feed.
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
    """Where the numbers begin that come now, beyond those of attempts that are gone."""
    return int((now() - NUMBERED_SINCE).total_seconds())


def _in_full(wanted: AttemptFilter) -> Select[Attempt, str, str]:
    """Attempts with the claimed person's identifier and the name of who asked, oldest first."""
    return (
        select(Attempt, Person.identifier, func.coalesce(Account.username, ApiKey.name))
        .outerjoin(Person, Person.id == Attempt.person_id)
        .outerjoin(Account, Account.id == Attempt.account_id)
        .outerjoin(ApiKey, ApiKey.id == Attempt.api_key_id)
        .options(contains_eager(Attempt.person))
        .where(*wanted.conditions())
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
    """Scores by the model that judged the attempt: another's would mean something else."""
    calibration = active_model().calibration_of(attempt.model_id)
    return AttemptRow(
        id=attempt.id,
        person=PersonLabel.of(attempt.person) if attempt.person else None,
        created_at=attempt.created_at,
        kind=attempt.kind,
        claim=claim,
        match=attempt.match,
        score=calibration.score(attempt.similarity) if calibration else None,
        threshold_score=calibration.score(attempt.threshold) if calibration else None,
        milliseconds=attempt.milliseconds,
    )


def _of_people(fitting: Select[Any]) -> ColumnElement[bool]:
    """The condition that an attempt is of one of the people who fit.

    The attempts of a few are gathered by an index. Those of many are read in order, newest first:
    the truth value of the same condition keeps SQLite from gathering and sorting them all.
    """
    few = db.session.scalars(fitting.limit(FEW_PEOPLE + 1)).all()
    if len(few) <= FEW_PEOPLE:
        return Attempt.person_id.in_(few)
    return Attempt.person_id.in_(fitting).is_(True)
