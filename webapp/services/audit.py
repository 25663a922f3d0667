"""The audit log: written in the transaction of what it tells of, chained, checked, read.

Each entry is signed together with the signature before it, under a key that follows from the
master key: without it nobody can change, add or leave out an entry unnoticed. The newest number is
signed too; cutting off the end by putting an old number back is noticed against a head that was
noted elsewhere.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.database import unit_of_work
from webapp.extensions import db
from webapp.logs import record_event
from webapp.models import Account, AuditEntry, AuditHead, now
from webapp.origin import address
from webapp.recognition import recognition
from webapp.services.paging import Page, paged

HEAD_ROW = 1
BEGINNING = bytes(32)
ENTRIES_AT_ONCE = 500


@dataclass(frozen=True)
class Head:
    """The newest entry's number and signature: who has noted it notices when the end is missing."""

    number: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.mac.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read a head as it is written.

        Raises:
            ValueError: if the text is none.
        """
        number, _, mac = text.strip().partition(":")
        return cls(int(number), bytes.fromhex(mac))


@dataclass(frozen=True)
class Verdict:
    """How many entries hold, and what is wrong with the next; None where all hold."""

    entries: int
    problem: str | None = None


@dataclass(frozen=True)
class EntryRow:
    """An entry as the list shows it; `who` is None for the server itself and for people unknown."""

    number: int
    at: datetime
    event: str
    who: str | None
    address: str | None
    details: dict[str, Any]


def record(session: Session, event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry to the running transaction.

    Args:
        session: of the transaction.
        event: what happened.
        account: who did it; None for nobody signed in, or the server.
        details: ids and numbers; never names, pictures or tokens.
    """
    head = session.get(AuditHead, HEAD_ROW, with_for_update=True)
    last = session.get(AuditEntry, head.number) if head else None
    entry = AuditEntry(
        number=(head.number if head else 0) + 1,
        at=now(),
        event=event,
        account_id=account,
        address=address(),
        details=json.dumps(details, sort_keys=True, default=str),
    )
    entry.mac = _signature(last.mac if last else BEGINNING, entry)
    session.add(entry)
    if head is None:
        head = AuditHead(id=HEAD_ROW)
        session.add(head)
    head.number, head.mac = entry.number, _head_signature(entry.number, entry.mac)
    session.flush()
    record_event(event, account=account, **details)


def record_alone(event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry in a transaction of its own, where nothing else is written."""
    with unit_of_work() as session:
        record(session, event, account, **details)


def head() -> Head | None:
    """The newest entry's number and signature, None for an empty log."""
    newest = db.session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    return Head(newest.number, newest.mac) if newest else None


def verify(*noted: Head) -> Verdict:
    """Check the whole chain, its newest number, and that heads noted earlier are part of it."""
    expected = {known.number: known.mac for known in noted}
    previous, number = BEGINNING, 0
    for entry in entries():
        if entry.number != number + 1:
            return Verdict(number, f"entry {number + 1} is missing")
        if not hmac.compare_digest(entry.mac, _signature(previous, entry)):
            return Verdict(number, f"entry {entry.number} was changed")
        number, previous = entry.number, entry.mac
        if expected.pop(number, previous) != previous:
            return Verdict(number, f"entry {number} is not the one that was noted")
    if expected:
        return Verdict(number, f"entries up to {max(expected)} were noted, but are cut off")
    return Verdict(number, _problem_of_head(number, previous))


def entries() -> Iterator[AuditEntry]:
    """Every entry, oldest first."""
    in_order = select(AuditEntry).order_by(AuditEntry.number)
    yield from db.session.scalars(in_order.execution_options(yield_per=ENTRIES_AT_ONCE))


def list_entries(page: int, event: str = "") -> Page[EntryRow]:
    """A page of the entries, newest first; of one event, if one is named."""
    numbers = select(AuditEntry.number).order_by(AuditEntry.number.desc())
    if event:
        numbers = numbers.where(AuditEntry.event == event)
    found = paged(numbers, page)
    newest_first = select(AuditEntry).order_by(AuditEntry.number.desc())
    shown = db.session.scalars(newest_first.where(AuditEntry.number.in_(found.items))).all()
    names = _usernames({entry.account_id for entry in shown if entry.account_id})
    return replace(found, items=tuple(_row(entry, names) for entry in shown))


def events() -> tuple[str, ...]:
    """The kinds of events that the log holds."""
    return tuple(db.session.scalars(select(AuditEntry.event).distinct().order_by(AuditEntry.event)))


def note_head() -> None:
    """Write the head to its file outside the database, where it rose."""
    newest, file = head(), recognition().settings.audit_head_file
    db.session.rollback()
    if newest is None or noted_head() == newest:
        return
    fresh = file.with_suffix(".new")
    fresh.write_text(f"{newest}\n")
    fresh.replace(file)


def noted_head() -> Head | None:
    """The head that was written last, None for none."""
    file = recognition().settings.audit_head_file
    return Head.parse(file.read_text()) if file.exists() else None


def _row(entry: AuditEntry, names: dict[UUID, str]) -> EntryRow:
    who = names.get(entry.account_id, str(entry.account_id)) if entry.account_id else None
    return EntryRow(
        entry.number, entry.at, entry.event, who, entry.address, json.loads(entry.details)
    )


def _usernames(account_ids: set[UUID]) -> dict[UUID, str]:
    named = select(Account.id, Account.username).where(Account.id.in_(account_ids))
    return {row.id: row.username for row in db.session.execute(named)}


def _signature(previous: bytes, entry: AuditEntry) -> bytes:
    content = json.dumps(
        [
            entry.number,
            entry.at.isoformat(timespec="microseconds"),
            entry.event,
            entry.account_id.hex if entry.account_id else None,
            entry.address,
            entry.details,
        ]
    )
    return recognition().secrets.keyed_digest("audit entry", previous + content.encode())


def _head_signature(number: int, mac: bytes) -> bytes:
    return recognition().secrets.keyed_digest("audit head", f"{number}:{mac.hex()}")


def _problem_of_head(number: int, mac: bytes) -> str | None:
    row = db.session.get(AuditHead, HEAD_ROW, populate_existing=True)
    if row is None:
        return "the newest number is missing" if number else None
    if row.number != number:
        return f"entries up to {row.number} were written, but are cut off"
    whole = hmac.compare_digest(row.mac, _head_signature(number, mac))
    return None if whole else "the newest number was changed"
