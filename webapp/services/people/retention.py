"""How long people stay: after the days that the settings name they are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from webapp.db.engine import db
from webapp.db.models import Person, now
from webapp.db.transactions import unit_of_work
from webapp.errors.backup import KeyRingBehind
from webapp.errors.people import UnknownPerson
from webapp.jobs.queue import Lease, Listener
from webapp.services import audit
from webapp.services.backup.backup import forget_old_keys
from webapp.services.cleanup import purge_expired
from webapp.services.people.consent import CONSENT_VERSION, terms_in_force
from webapp.services.people.people import delete_if_agreed_before
from webapp.settings import current_settings

DELETE_EXPIRED = "retention"


def ends_at(person: Person) -> datetime | None:
    """When a person's time is over, None for never."""
    days = current_settings().retention_days
    return person.consent_at + timedelta(days=days) if days else None


def ends_soon(person: Person) -> bool:
    """Whether it is time to warn."""
    end = ends_at(person)
    return end is not None and end - timedelta(days=current_settings().warning_days) <= now()


def people_ending_soon() -> Sequence[Person]:
    """Whom operators are to be warned of, the first to go first."""
    settings = current_settings()
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


def delete_expired(listener: Listener = lambda _done, _total: None) -> int:
    """Delete the people whose time is over, and what nothing needs any more.

    Who agreed anew meanwhile stays, and who was deleted meanwhile is passed over. The key ring,
    which holds everybody, is written once, after the last, whatever ends the work.

    Args:
        listener: is told after each person how many are done, of how many.

    Returns:
        How many people were deleted.

    Raises:
        ml.ArtifactError: if the model to serve is unknown; the people are deleted nevertheless.
        KeyRingBehind: if all is deleted, but the key ring could not be written.
    """
    try:
        deleted = _delete_people(listener)
        purge_expired()
    except BaseException:
        with suppress(KeyRingBehind):  # it is tried again; why the work ended matters more
            forget_old_keys()
        raise
    forget_old_keys()
    return deleted


def work_off(lease: Lease) -> None:
    """The same as background work."""
    delete_expired(lease.advance_alone)


def _delete_people(listener: Listener) -> int:
    days = current_settings().retention_days
    if not days:
        return 0
    agreed_until, deleted = now() - timedelta(days=days), 0
    expired = [person.id for person in _agreed_before(agreed_until)]
    for number, person_id in enumerate(expired, start=1):
        deleted += delete_if_agreed_before(person_id, agreed_until)
        listener(number, len(expired))
    return deleted


def _agreed_before(moment: datetime) -> Sequence[Person]:
    oldest_first = select(Person).order_by(Person.consent_at)
    return db.session.scalars(oldest_first.where(Person.consent_at <= moment)).all()
