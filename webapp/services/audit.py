"""The audit log: a chain of signed entries, each written in the transaction of its event.

Each entry is signed together with the signature before it, under a key derived from the master key.
Nobody without that key can change, add or remove an entry undetected. The newest number is signed,
too. Truncation that restores an older signed number is detected by a head recorded elsewhere. A log
begins with the installation: an empty log was erased, and its next entry records that.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from webapp.core.actor import SERVER, Actor
from webapp.core.events import record_event
from webapp.db.deferred_writes import deferred_writes
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import AuditEntry, AuditHead, now
from webapp.db.transactions import retry_on_conflict, unit_of_work

HEAD_ROW = 1
BEGINNING = bytes(32)
# First entry of a log: of a new installation, or of a log that was found empty.
INSTALLATION_MADE, FOUND_EMPTY = "installation_made", "audit_log_found_empty"
# First entry where an earlier release enrolled people without a log.
LOG_BEGUN = "audit_log_begun"
# A server found no head file: this is a new node, or somebody removed the file.
HEAD_BEGUN = "audit_head_begun"
OF_ITSELF = frozenset({INSTALLATION_MADE, LOG_BEGUN, FOUND_EMPTY, HEAD_BEGUN})
# Number of the newest entry, locked. A separate statement: one that also read the entry would use
# the snapshot from before it waited for the lock.
_NEWEST = select(AuditHead.number).where(AuditHead.id == HEAD_ROW).with_for_update()
# Every use of the API writes an entry. Prepared statements on the connection take a third of the
# time that the session would take.
MAC_OF_NUMBER = select(AuditEntry.mac).where(AuditEntry.number == bindparam("number"))
_COLUMNS = tuple(AuditEntry.__table__.columns.keys())
_ADD = insert(AuditEntry)
_BEGIN = insert(AuditHead).values(id=HEAD_ROW)
_RAISE = update(AuditHead).where(AuditHead.id == HEAD_ROW)
ENTRIES_AT_ONCE = 500
log = logging.getLogger("webapp.services.audit")


@dataclass(frozen=True)
class Head:
    """The newest entry's number and signature; recorded elsewhere, it detects truncation."""

    number: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.mac.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Parse a head written as `number:signature`.

        Raises:
            ValueError: if the text is not a head.
        """
        number, _, mac = text.strip().partition(":")
        return cls(int(number), bytes.fromhex(mac))


@dataclass(frozen=True)
class _Event:
    """An event, with its time and the actor that caused it."""

    name: str
    actor: Actor
    details: Mapping[str, object]
    at: datetime

    @classmethod
    def now(cls, name: str, actor: Actor, details: dict[str, object]) -> _Event:
        """Build the event of this moment; an API key becomes one of the details."""
        if actor.key:
            details["key"] = actor.key
        return cls(name, actor, details, now())


def record(session: Session, event: str, actor: Actor, **details: object) -> None:
    """Add an entry to the running transaction.

    Args:
        session: session of the transaction.
        event: code of the event.
        actor: the cause of the event.
        details: ids and numbers; never names, pictures or tokens.
    """
    _add(session, _Event.now(event, actor, details))
    record_event(event, account=actor.account, **details)


def _add(session: Session, event: _Event) -> None:
    connection = session.connection()
    number = connection.scalar(_NEWEST) or 0
    if number == 0 and event.name not in {INSTALLATION_MADE, LOG_BEGUN}:
        _write(connection, number, _Event.now(FOUND_EMPTY, replace(event.actor, account=None), {}))
        number += 1
    _write(connection, number, event)


def _write(connection: Connection, number: int, event: _Event) -> None:
    """Write the entry that follows entry `number`."""
    mac = connection.scalar(MAC_OF_NUMBER, {"number": number})
    entry = AuditEntry(
        number=number + 1,
        at=event.at,
        event=event.name,
        account_id=event.actor.account,
        address=event.actor.address,
        details=json.dumps(event.details, sort_keys=True, default=str),
    )
    entry.mac = signature(mac or BEGINNING, entry)
    connection.execute(_ADD, {name: getattr(entry, name) for name in _COLUMNS})
    head = {"number": entry.number, "mac": head_signature(entry.number, entry.mac)}
    connection.execute(_RAISE if number else _BEGIN, head)


def begin(session: Session, *, used: bool) -> None:
    """Begin the log in the running transaction; `used` if people were enrolled without a log."""
    record(session, LOG_BEGUN if used else INSTALLATION_MADE, SERVER)


@retry_on_conflict
def record_now(event: str, actor: Actor, **details: object) -> None:
    """Add an entry in a transaction of its own."""
    with unit_of_work() as session:
        record(session, event, actor, **details)


def record_read(event: str, actor: Actor, **details: object) -> None:
    """Queue the entry of a request that changes nothing; it may follow the answer by seconds."""
    deferred_writes().submit(entry_of_read(event, actor, **details))


def entry_of_read(event: str, actor: Actor, **details: object) -> Callable[[Session], None]:
    """Log an event, and return a function that adds its entry later."""
    recorded = _Event.now(event, actor, details)
    record_event(event, account=actor.account, **details)
    return lambda session: _add(session, recorded)


def head() -> Head | None:
    """Return the newest entry's number and signature; None for an empty log."""
    newest = db.session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    return Head(newest.number, newest.mac) if newest else None


def entries() -> Iterator[AuditEntry]:
    """Yield every entry, oldest first."""
    in_order = select(AuditEntry).order_by(AuditEntry.number)
    yield from db.session.scalars(in_order.execution_options(yield_per=ENTRIES_AT_ONCE))


def signature(previous: bytes, entry: AuditEntry) -> bytes:
    """Return the signature of an entry: its content and the signature before it, keyed."""
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
    return key_store().secrets.keyed_digest("audit entry", previous + content.encode())


def head_signature(number: int, mac: bytes) -> bytes:
    """Return the signature of the head: the newest entry's number and signature, keyed."""
    return key_store().secrets.keyed_digest("audit head", f"{number}:{mac.hex()}")
