"""Verify the audit log: every signature, every number, and the heads recorded elsewhere."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from webapp.db.engine import db
from webapp.db.models import AuditHead
from webapp.services.audit import (
    BEGINNING,
    FOUND_EMPTY,
    HEAD_ROW,
    Head,
    entries,
    head_signature,
    signature,
)
from webapp.services.audit_head import head_file, noted_head
from webapp.services.backup import key_ring
from webapp.settings import current_settings


@dataclass(frozen=True)
class Verdict:
    """The number of valid entries, and the problem with the next one; None if all are valid."""

    entries: int
    problem: str | None = None


def verify_here(*noted: Head) -> Verdict:
    """Verify the log against `noted` and against the head file and key ring of this machine."""
    try:
        kept = noted_head()
    except ValueError:
        return replace(
            verify(*noted), problem=f"{head_file()} contains no head: find out who changed it"
        )
    verdict = verify(*noted, *([kept] if kept else []))
    problem = verdict.problem or _problem_of_ring()
    if kept is None and not problem:
        problem = (
            f"{head_file()} is missing: compare with a head recorded elsewhere, by --head; the "
            "next start of a server creates the file"
        )
    return replace(verdict, problem=problem)


def verify(*noted: Head) -> Verdict:
    """Verify the chain of entries, the newest number, and that the chain contains `noted` heads."""
    expected = {known.number: known.mac for known in noted}
    previous, number = BEGINNING, 0
    for entry in entries():
        if entry.event == FOUND_EMPTY:
            return Verdict(
                number, f"entry {entry.number} records that all earlier ones were removed"
            )
        if entry.number != number + 1:
            return Verdict(number, f"entry {number + 1} is missing")
        if not hmac.compare_digest(entry.mac, signature(previous, entry)):
            return Verdict(number, f"entry {entry.number} was changed")
        number, previous = entry.number, entry.mac
        if expected.pop(number, previous) != previous:
            return Verdict(number, f"entry {number} does not match the recorded head")
    if expected:
        return Verdict(number, f"entries up to {max(expected)} were recorded, but are cut off")
    return Verdict(number, _problem_of_head(number, previous))


def _problem_of_ring() -> str | None:
    """Return a problem if the key ring is another installation's: this database replaced it."""
    file = current_settings().key_ring_file
    if key_ring.is_foreign(file):
        return f"{file} is of another installation: this database replaced that one's"
    return None


def _problem_of_head(number: int, mac: bytes) -> str | None:
    if number == 0:
        return "there are no entries: an installation starts with one, so all were removed"
    row = db.session.get(AuditHead, HEAD_ROW, populate_existing=True)
    if row is None:
        return "the newest number is missing"
    if row.number != number:
        return f"entries up to {row.number} were written, but are cut off"
    whole = hmac.compare_digest(row.mac, head_signature(number, mac))
    return None if whole else "the newest number was changed"
