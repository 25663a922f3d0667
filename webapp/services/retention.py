"""How long people stay: after the days that the settings name they are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from webapp.database import unit_of_work
from webapp.errors import UnknownPerson
from webapp.extensions import db
from webapp.jobs import Lease
from webapp.models import Person, now
from webapp.recognition import recognition
from webapp.services import audit
from webapp.services.consent import CONSENT_VERSION, terms_in_force
from webapp.services.forgetting import forget_unneeded
from webapp.services.people import delete_person

DELETE_EXPIRED = "retention"


def ends_at(person: Person) -> datetime | None:
    """When a person's time is over, None for never."""
    days = recognition().settings.retention_days
    return person.consent_at + timedelta(days=days) if days else None


def ends_soon(person: Person) -> bool:
    """Whether it is time to warn."""
    end = ends_at(person)
    return end is not None and end - timedelta(days=recognition().settings.warning_days) <= now()


def people_ending_soon() -> Sequence[Person]:
    """Whom operators are to be warned of, the first to go first."""
    settings = recognition().settings
    if not settings.retention_days:
        return ()
    days = settings.retention_days - settings.warning_days
    return _agreed_before(now() - timedelta(days=days))


def renew_consent(person_id: UUID, recorded_by: UUID) -> None:
    """Note that a person agreed anew, to the terms in force now.

    Raises:
        UnknownPerson: if there is none.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise UnknownPerson
        person.consent_at, person.consent_version = now(), CONSENT_VERSION
        person.consent_terms = terms_in_force()
        audit.record(
            session, "consent_renewed", recorded_by, person=person_id, consent=CONSENT_VERSION
        )


def delete_expired() -> int:
    """Delete the people whose time is over, and what nothing needs any more.

    Returns:
        How many people.

    Raises:
        ml.ArtifactError: if the model to serve is unknown; the people are deleted nevertheless.
    """
    expired = [person.id for person in _expired()]
    for person_id in expired:
        delete_person(person_id, None)
    forget_unneeded()
    return len(expired)


def work_off(lease: Lease) -> None:
    """The same as background work."""
    expired = [person.id for person in _expired()]
    for number, person_id in enumerate(expired, start=1):
        delete_person(person_id, None)
        with unit_of_work() as session:
            lease.advance(session, number, len(expired))
    forget_unneeded()


def _expired() -> Sequence[Person]:
    days = recognition().settings.retention_days
    return _agreed_before(now() - timedelta(days=days)) if days else ()


def _agreed_before(moment: datetime) -> Sequence[Person]:
    oldest_first = select(Person).order_by(Person.consent_at)
    return db.session.scalars(oldest_first.where(Person.consent_at <= moment)).all()
