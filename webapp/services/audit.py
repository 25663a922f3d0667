"""The audit log: written in the transaction of what it tells of, chained, checked, read.

Each entry is signed together with the signature before it, under a key that follows from the
master key: without it nobody can change, add or leave out an entry unnoticed. The newest number is
signed too; cutting off the end by putting an old number back is noticed against a head that was
noted elsewhere. A log begins with the installation: one that is empty later was emptied, and its
next entry says so.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from webapp.core.atomic_files import alone_in, whole_file
from webapp.core.events import record_event
from webapp.core.request_origin import address, key
from webapp.crypto.vault import SealBroken
from webapp.db.engine import db
from webapp.db.models import Account, ApiKey, AuditEntry, AuditHead, now
from webapp.db.pagination import Page, paged
from webapp.db.transactions import retried, unit_of_work
from webapp.errors.backup import BackupBroken
from webapp.inference.active_model import recognition
from webapp.services.backup.key_ring import KeyRing

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
_MAC = select(AuditEntry.mac).where(AuditEntry.number == bindparam("number"))
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
class Verdict:
    """How many entries hold, and what is wrong with the next; None where all hold."""

    entries: int
    problem: str | None = None


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


@dataclass(frozen=True)
class EntryRow:
    """An entry as the list shows it.

    `who` is an account or a key to the API, None for the server itself and for people unknown.
    """

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
    mac = connection.scalar(_MAC, {"number": number})
    entry = AuditEntry(
        number=number + 1,
        at=happened.at,
        event=happened.event,
        account_id=happened.account,
        address=happened.address,
        details=json.dumps(happened.details, sort_keys=True, default=str),
    )
    entry.mac = _signature(mac or BEGINNING, entry)
    connection.execute(_ADD, {name: getattr(entry, name) for name in _COLUMNS})
    head = {"number": entry.number, "mac": _head_signature(entry.number, entry.mac)}
    connection.execute(_RAISE if number else _BEGIN, head)


def begin(session: Session, *, used: bool) -> None:
    """Begin the log of an installation, perhaps one that was `used` without, in the transaction."""
    record(session, LOG_BEGUN if used else INSTALLATION_MADE)


@retried
def record_alone(event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry in a transaction of its own, where nothing else is written."""
    with unit_of_work() as session:
        record(session, event, account, **details)


def record_read(event: str, account: UUID | None = None, **details: object) -> None:
    """Add an entry of a request that changes nothing; it may follow the answer by seconds."""
    recognition().unwritten.soon(entry_of_read(event, account, **details))


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


def verify_here(*noted: Head) -> Verdict:
    """Check the log as `verify` does, and against what this machine keeps outside the database."""
    try:
        kept = noted_head()
    except ValueError:
        return replace(verify(*noted), problem=f"{_head_file()} holds no head; look who changed it")
    verdict = verify(*noted, *([kept] if kept else []))
    problem = verdict.problem or _problem_of_ring()
    if kept is None and not problem:
        problem = (
            f"{_head_file()} is missing: compare with a head noted elsewhere, by --head; a server "
            "that starts here begins the file"
        )
    return replace(verdict, problem=problem)


def verify(*noted: Head) -> Verdict:
    """Check the whole chain, its newest number, and that heads noted earlier are part of it."""
    expected = {known.number: known.mac for known in noted}
    previous, number = BEGINNING, 0
    for entry in entries():
        if entry.event == FOUND_EMPTY:
            return Verdict(number, f"entry {entry.number} says that all before it were removed")
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
    rows = [(entry, json.loads(entry.details)) for entry in shown]
    names = _names({_doer(entry, details) for entry, details in rows} - {None})
    return replace(found, items=tuple(_row(*row, names) for row in rows))


def events() -> tuple[str, ...]:
    """The kinds of events that the log holds."""
    return tuple(db.session.scalars(select(AuditEntry.event).distinct().order_by(AuditEntry.event)))


class Witness:
    """An errand: notes the head in a file outside the database, for as long as a process lives.

    It remembers what it noted, so that removing the file hides nothing while the server runs.
    """

    def __init__(self) -> None:
        self._noted: Head | None = None

    def look(self) -> None:
        """Note the head, where the log has grown since."""
        self._noted = note_head(self._noted)


def note_head(remembered: Head | None = None) -> Head | None:
    """Write the head to its file outside the database, where the log has grown since.

    A log that no longer holds what is noted there was put back: the note stays, as a witness. Where
    the file is missing and nothing is remembered of it, it is begun, and the log says so.

    Returns:
        What is noted now.
    """
    with alone_in(_head_file().parent):
        db.session.rollback()  # what others noted meanwhile is to be seen
        kept = _kept_head()
        noted = kept or remembered
        if noted is None:
            record_alone(HEAD_BEGUN)
        newest = head()
        if noted and not _holds(noted):
            _tell_of(noted)
            newest = noted
        db.session.rollback()
        if newest not in {None, kept}:
            _write_head(newest)
        return newest


def begin_head_file(*, overwrite: bool) -> None:
    """Note the head of a log that begins; overwrite what is noted after a restore."""
    with alone_in(_head_file().parent):
        if overwrite or not _head_file().exists():
            _write_head(head())


def _write_head(noted: Head | None) -> None:
    with whole_file(_head_file()) as to:
        to.write(f"{noted}\n".encode())


def _kept_head() -> Head | None:
    try:
        return noted_head()
    except ValueError:
        log.error("%s holds no head; see audit verify", _head_file())
        return None


def _holds(noted: Head) -> bool:
    return db.session.connection().scalar(_MAC, {"number": noted.number}) == noted.mac


@cache
def _tell_of(noted: Head) -> None:
    """Once a process: this is found every few seconds."""
    log.error("audit log: entry %s is not the one that was noted; see audit verify", noted.number)


def noted_head() -> Head | None:
    """The head that was written last, None for none.

    Raises:
        ValueError: if the file holds anything else.
    """
    return Head.parse(_head_file().read_text()) if _head_file().exists() else None


def _head_file() -> Path:
    return recognition().settings.audit_head_file


def _row(entry: AuditEntry, details: dict[str, Any], names: dict[UUID, str]) -> EntryRow:
    doer = _doer(entry, details)
    who = names.get(doer, str(doer)) if doer else None
    return EntryRow(entry.number, entry.at, entry.event, who, entry.address, details)


def _doer(entry: AuditEntry, details: dict[str, Any]) -> UUID | None:
    """The account, or the key to the API."""
    return entry.account_id or (UUID(details["key"]) if "key" in details else None)


def _names(ids: Collection[UUID | None]) -> dict[UUID, str]:
    accounts = select(Account.id, Account.username).where(Account.id.in_(ids))
    keys = select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids))
    return {row_id: name for rows in (accounts, keys) for row_id, name in db.session.execute(rows)}


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


def _problem_of_ring() -> str | None:
    """A key ring outlives a database that somebody replaced."""
    file, vault = recognition().settings.key_ring_file, recognition().vault
    with suppress(BackupBroken, SealBroken):  # there is none, or it waits for a master key's change
        theirs = vault.installation_secrets(KeyRing.read(file).installation[0])
        if theirs.keyed_digest("audit head", "") != recognition().secrets.keyed_digest(
            "audit head", ""
        ):
            return f"{file} is of another installation: this database has replaced that one's"
    return None


def _problem_of_head(number: int, mac: bytes) -> str | None:
    if number == 0:
        return "there are none: an installation has one from its beginning, so all were removed"
    row = db.session.get(AuditHead, HEAD_ROW, populate_existing=True)
    if row is None:
        return "the newest number is missing"
    if row.number != number:
        return f"entries up to {row.number} were written, but are cut off"
    whole = hmac.compare_digest(row.mac, _head_signature(number, mac))
    return None if whole else "the newest number was changed"
