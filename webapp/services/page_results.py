"""Results that a page shows after a form was sent, kept for MINUTES for one browser session.

The form's answer redirects to that page, so a reload sends nothing again. The content is encrypted
under a key derived from the session's cookie: the database alone cannot decrypt it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.crypto.vault import PersonSeal, Place, SealBroken
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import PageResult, ResultKind, now
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.errors.matching import ResultOver

MINUTES = 10
ABOUT_PEOPLE = (ResultKind.VERIFICATION, ResultKind.IDENTIFICATION, ResultKind.OWN_LINK)


@retry_on_conflict
def keep(kind: ResultKind, holder: str, content: Mapping[str, Any]) -> UUID:
    """Store a result for MINUTES, and return its id.

    Args:
        kind: the page that shows it.
        holder: the browser session, and the account in it.
        content: JSON-serialisable; ids and datetimes become text.
    """
    result_id = uuid4()
    text = json.dumps(content, default=str).encode()
    row = PageResult(
        id=result_id,
        kind=kind,
        content=_seal(holder).seal(text, _place(result_id)),
        expires_at=now() + timedelta(minutes=MINUTES),
    )
    with unit_of_work() as session:
        _forget_over(session)
        session.add(row)
    return result_id


def find(kind: ResultKind, holder: str, result_id: UUID) -> dict[str, Any]:
    """Return the content of a result.

    Raises:
        ResultOver: if the result has expired, or belongs to another session or kind.
    """
    row = db.session.get(PageResult, result_id, populate_existing=True)
    if row is None or row.kind != kind or row.expires_at <= now():
        raise ResultOver
    try:
        opened = _seal(holder).open(row.content, _place(result_id))
    except SealBroken as error:
        raise ResultOver from error
    return dict(json.loads(opened))


def forget_over() -> None:
    """Delete expired results."""
    with unit_of_work() as session:
        _forget_over(session)


def forget_about_people(session: Session) -> None:
    """Delete every result that may name a person, in the running transaction."""
    session.execute(delete(PageResult).where(PageResult.kind.in_(ABOUT_PEOPLE)))


def _forget_over(session: Session) -> None:
    session.execute(delete(PageResult).where(PageResult.expires_at <= now()))


def _seal(holder: str) -> PersonSeal:
    return PersonSeal(key_store().secrets.keyed_digest("page result", holder))


def _place(result_id: UUID) -> Place:
    return Place("page_result", result_id, "content")
