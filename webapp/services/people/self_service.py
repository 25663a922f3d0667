"""Links that open a person's own page.

A link is a row that holds a digest of its random token, keyed by the installation's key. Nothing
opens without such a row and the master key.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import OwnLink, Person, now
from webapp.db.transactions import unit_of_work
from webapp.errors.people import UnknownPerson
from webapp.services import audit
from webapp.services.people.people import find_person
from webapp.settings import current_settings

TOKEN_BYTES = 32


def make_link(person_id: UUID, actor: Actor) -> str:
    """Replace the link to a person's page, and return the new token.

    Raises:
        UnknownPerson: if there is no such person.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    lifetime = timedelta(days=current_settings().own_link_days)
    with unit_of_work() as session:
        if session.get(Person, person_id) is None:
            raise UnknownPerson
        _delete(session, person_id)
        session.add(
            OwnLink(
                person_id=person_id,
                digest=_digest(token),
                created_by_id=actor.account,
                ends_at=now() + lifetime,
            )
        )
        audit.record(session, "own_link_made", actor, person=person_id)
    return token


def end_link(person_id: UUID, actor: Actor) -> None:
    """Revoke the link to a person's page, if there is one."""
    with unit_of_work() as session:
        _delete(session, person_id)
        audit.record(session, "own_link_ended", actor, person=person_id)


def link_of(person_id: UUID) -> OwnLink | None:
    """Return the valid link to a person's page; None if there is none."""
    link = db.session.get(OwnLink, person_id)
    return link if link and link.ends_at > now() else None


def person_of_link(token: str) -> Person:
    """Return the person whose page a token opens.

    Raises:
        UnknownPerson: if the token is unknown or has expired.
    """
    link = db.session.scalar(select(OwnLink).where(OwnLink.digest == _digest(token)))
    if link is None or link.ends_at <= now():
        raise UnknownPerson
    return find_person(link.person_id)


def forget_ended(session: Session) -> None:
    """Delete expired links in the running transaction."""
    session.execute(delete(OwnLink).where(OwnLink.ends_at <= now()))


def _delete(session: Session, person_id: UUID) -> None:
    session.execute(delete(OwnLink).where(OwnLink.person_id == person_id))


def _digest(token: str) -> bytes:
    return key_store().secrets.keyed_digest("own page", token)
