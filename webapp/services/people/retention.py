"""Retention: delete people `retention_days` after their last consent."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from webapp.core.actor import Actor
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
    """Return when the retention period of a person ends; None if it never does."""
    days = current_settings().retention_days
    return person.consent_at + timedelta(days=days) if days else None


def ends_soon(person: Person) -> bool:
    """Return whether the retention period ends within `warning_days`."""
    end = ends_at(person)
    return end is not None and end - timedelta(days=current_settings().warning_days) <= now()


def renew_consent(person_id: UUID, actor: Actor) -> None:
    """Record that a person consented again, to the current terms.

    Raises:
        UnknownPerson: if there is no such person.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise UnknownPerson
        person.consent_at, person.consent_version = now(), CONSENT_VERSION
        person.consent_terms = terms_in_force()
        audit.record(session, "consent_renewed", actor, person=person_id, consent=CONSENT_VERSION)


def delete_expired(listener: Listener = lambda _done, _total: None) -> int:
    """Delete people past their retention period, then purge what has expired.

    People who renewed their consent meanwhile stay; people deleted meanwhile are skipped. The key
    ring holds everybody's key, so it is written once, at the end, even if the work fails.

    Args:
        listener: called after each person with the number done and the total.

    Returns:
        The number of people deleted.

    Raises:
        ml.ArtifactError: if the configured model is unknown; the people are deleted nevertheless.
        KeyRingBehind: if everything is deleted, but the key ring could not be written.
    """
    try:
        deleted = _delete_people(listener)
        purge_expired()
    except BaseException:
        with suppress(KeyRingBehind):  # retried later; the first error matters more
            forget_old_keys()
        raise
    forget_old_keys()
    return deleted


def work_off(lease: Lease) -> None:
    """Run `delete_expired` as a background job."""
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
