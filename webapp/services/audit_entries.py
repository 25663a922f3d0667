"""Entries of the audit log as a page lists them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from webapp.db.engine import db
from webapp.db.models import Account, ApiKey, AuditEntry
from webapp.db.pagination import Page, paged


@dataclass(frozen=True)
class EntryRow:
    """An entry as the list shows it.

    `who` names an account or an API key; None for the server and for anybody not signed in.
    """

    number: int
    at: datetime
    event: str
    who: str | None
    address: str | None
    details: dict[str, Any]


def list_entries(page: int, event: str = "") -> Page[EntryRow]:
    """Return a page of the entries, newest first; with `event`, only entries of that event."""
    numbers = select(AuditEntry.number).order_by(AuditEntry.number.desc())
    if event:
        numbers = numbers.where(AuditEntry.event == event)
    found = paged(numbers, page)
    newest_first = select(AuditEntry).order_by(AuditEntry.number.desc())
    shown = db.session.scalars(newest_first.where(AuditEntry.number.in_(found.items))).all()
    rows = [(entry, json.loads(entry.details)) for entry in shown]
    names = _names({_actor(entry, details) for entry, details in rows} - {None})
    return replace(found, items=tuple(_row(*row, names) for row in rows))


def events() -> tuple[str, ...]:
    """Return the distinct events in the log."""
    return tuple(db.session.scalars(select(AuditEntry.event).distinct().order_by(AuditEntry.event)))


def _row(entry: AuditEntry, details: dict[str, Any], names: dict[UUID, str]) -> EntryRow:
    actor = _actor(entry, details)
    who = names.get(actor, str(actor)) if actor else None
    return EntryRow(entry.number, entry.at, entry.event, who, entry.address, details)


def _actor(entry: AuditEntry, details: dict[str, Any]) -> UUID | None:
    """Return the id of the account or of the API key."""
    return entry.account_id or (UUID(details["key"]) if "key" in details else None)


def _names(ids: Collection[UUID | None]) -> dict[UUID, str]:
    accounts = select(Account.id, Account.username).where(Account.id.in_(ids))
    keys = select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids))
    return {row_id: name for rows in (accounts, keys) for row_id, name in db.session.execute(rows)}
