"""The audit log: written in the transaction of what it tells of, chained, checked, read.

Each entry is signed together with the signature before it, under a key that follows from the
master key: without it nobody can change, add or leave out an entry unnoticed. The newest number is
signed too; cutting off the end by putting an old number back is noticed against a head that was
noted elsewhere. A log begins with the installation: one that is empty later was emptied, and its
next entry says so.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from webapp.core.events import record_event
from webapp.core.request_origin import address, key
from webapp.db.deferred_writes import deferred_writes
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import AuditEntry, AuditHead, now
from webapp.db.transactions import retry_on_conflict, unit_of_work

HEAD_ROW = 1
BEGINNING = bytes(32)
# The first entry: of the installation, or where there should have been one.
INSTALLATION_MADE, FOUND_EMPTY = "installation_made", "audit_log_found_empty"
# The first entry where people were enrolled by a release that kept no log.
LOG_BEGUN = "audit_log_begun"
# A server found no file with the head beside it: a new node, or somebody removed it.
HEAD_BEGUN = "audit_head_begun"
OF_ITSELF = frozenset({INSTALLATION_MADE, LOG_BEGUN, FOUND_EMPTY, HEAD_BEGUN})
# The number of the newest entry, locked. A statement of its own: one that read the entry as well
# would, after waiting for the lock, look for it as of before.
_NEWEST = select(AuditHead.number).where(AuditHead.id == HEAD_ROW).with_for_update()
# Every use of the API writes an entry, so these are made once and go past the session, which takes
# three times as long.
MAC_OF_NUMBER = select(AuditEntry.mac).where(AuditEntry.number == bindparam("number"))
_COLUMNS = tuple(AuditEntry.__table__.columns.keys())
_ADD = insert(AuditEntry)
_BEGIN = insert(AuditHead).values(id=HEAD_ROW)
_RAISE = update(AuditHead).where(AuditHead.id == HEAD_ROW)
ENTRIES_AT_ONCE = 500
log = logging.getLogger("webapp.services.audit")


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
class _Happened:
    """What an entry tells of, and when, from where and by which key it was asked for."""

    event: str
    account: UUID | None
    details: Mapping[str, object]
    at: datetime
    address: str | None

    @classmethod
    def now(cls, event: str, account: UUID | None, details: dict[str, object]) -> _Happened:
        """Note what happens in the request at hand."""
        if key():
            details["key"] = key()
        return cls(event, account, details, now(), address())


def record(session: Session, event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry to the running transaction.

    Args:
        session: of the transaction.
        event: what happened.
        account: who did it; None for nobody signed in, or the server.
        details: ids and numbers; never names, pictures or tokens. The key to the API by which a
            program did it is added by itself.
    """
    _add(session, _Happened.now(event, account, details))
    record_event(event, account=account, **details)


def _add(session: Session, happened: _Happened) -> None:
    connection = session.connection()
    number = connection.scalar(_NEWEST) or 0
    if number == 0 and happened.event not in {INSTALLATION_MADE, LOG_BEGUN}:
        _write(connection, number, _Happened.now(FOUND_EMPTY, None, {}))
        number += 1
    _write(connection, number, happened)


def _write(connection: Connection, number: int, happened: _Happened) -> None:
    """Write the entry behind that of `number`."""
    mac = connection.scalar(MAC_OF_NUMBER, {"number": number})
    entry = AuditEntry(
        number=number + 1,
        at=happened.at,
        event=happened.event,
        account_id=happened.account,
        address=happened.address,
        details=json.dumps(happened.details, sort_keys=True, default=str),
    )
    entry.mac = signature(mac or BEGINNING, entry)
    connection.execute(_ADD, {name: getattr(entry, name) for name in _COLUMNS})
    head = {"number": entry.number, "mac": head_signature(entry.number, entry.mac)}
    connection.execute(_RAISE if number else _BEGIN, head)


def begin(session: Session, *, used: bool) -> None:
    """Begin the log of an installation, perhaps one that was `used` without, in the transaction."""
    record(session, LOG_BEGUN if used else INSTALLATION_MADE)


@retry_on_conflict
def record_now(event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry in a transaction of its own, where nothing else is written."""
    with unit_of_work() as session:
        record(session, event, account, **details)


def record_read(event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry of a request that changes nothing; it may follow the answer by seconds."""
    deferred_writes().soon(entry_of_read(event, account, **details))


def entry_of_read(
    event: str, account: UUID | None = None, **details: object
) -> Callable[[Session], None]:
    """Return what adds an entry of the request at hand, whenever it runs; log it now."""
    happened = _Happened.now(event, account, details)
    record_event(event, account=account, **details)
    return lambda session: _add(session, happened)


def head() -> Head | None:
    """The newest entry's number and signature, None for an empty log."""
    newest = db.session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    return Head(newest.number, newest.mac) if newest else None


def entries() -> Iterator[AuditEntry]:
    """Every entry, oldest first."""
    in_order = select(AuditEntry).order_by(AuditEntry.number)
    yield from db.session.scalars(in_order.execution_options(yield_per=ENTRIES_AT_ONCE))


def signature(previous: bytes, entry: AuditEntry) -> bytes:
    """Return what an entry is signed with: its content and the signature before it."""
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
    """Return what signs the number and signature of the newest entry."""
    return key_store().secrets.keyed_digest("audit head", f"{number}:{mac.hex()}")
