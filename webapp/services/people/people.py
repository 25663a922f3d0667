"""Find, list, rename and delete enrolled people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from webapp.core.actor import SERVER, Actor
from webapp.core.text import comparison_key, normalize_name
from webapp.db.engine import db
from webapp.db.models import Anchor, Attempt, Challenge, Person
from webapp.db.pagination import Page, Position, paged
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.errors.people import DuplicateIdentifier, UnknownPerson
from webapp.gallery.base import bump_version
from webapp.services import audit, page_results
from webapp.services.backup.backup import forget_old_keys
from webapp.services.matching import claimed_identity, lockout
from webapp.services.matching.claimed_identity import claim_digest

# Number of a person's enabled anchors; answered from an index alone.
_PICTURES = (
    select(func.count())
    .where(Anchor.person_id == Person.id, Anchor.retired_at.is_(None))
    .correlate(Person)
    .scalar_subquery()
)
# Orders of the list. The later columns break ties, so that pages neither repeat nor skip anybody.
SORTS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "name": (Person.name_key.asc(), Person.identifier_key.asc()),
    "name_down": (Person.name_key.desc(), Person.identifier_key.desc()),
    "identifier": (Person.identifier_key.asc(),),
    "identifier_down": (Person.identifier_key.desc(),),
    "enrolled": (Person.created_at.asc(), Person.id.asc()),
    "enrolled_down": (Person.created_at.desc(), Person.id.desc()),
    "pictures": (_PICTURES.asc(), Person.name_key.asc(), Person.identifier_key.asc()),
    "pictures_down": (_PICTURES.desc(), Person.name_key.asc(), Person.identifier_key.asc()),
}
DEFAULT_SORT = "name"
_ANYBODY = select(exists().where(Person.id.is_not(None)))


@dataclass(frozen=True)
class PersonRow:
    """A person as the list shows them.

    `pictures` counts the enabled anchors; `consent_version` is the version of the terms agreed to.
    """

    id: UUID
    identifier: str
    name: str
    pictures: int
    created_at: datetime
    consent_version: str
    consent_at: datetime

    @classmethod
    def of(cls, person: Person, pictures: int) -> PersonRow:
        """Build the row of a person."""
        return cls(
            id=person.id,
            identifier=person.identifier,
            name=person.name,
            pictures=pictures,
            created_at=person.created_at,
            consent_version=person.consent_version,
            consent_at=person.consent_at,
        )


def anybody_enrolled() -> bool:
    """Return whether the database holds any person, without counting."""
    return bool(db.session.connection().scalar(_ANYBODY))


def is_taken(identifier: str) -> bool:
    """Return whether a person is enrolled under the identifier."""
    return claimed_identity.claimed_person(identifier) is not None


def list_people(query: str, page: int, sort: str = DEFAULT_SORT) -> Page[PersonRow]:
    """Return a page of the people whose identifier or name contains the query.

    Args:
        query: a part of identifier or name, case-insensitive; empty matches everybody.
        page: from 1.
        sort: a key of `SORTS`; any other value means DEFAULT_SORT.
    """
    order = SORTS.get(sort, SORTS[DEFAULT_SORT])
    found = paged(select(Person.id).where(*_matching(query)).order_by(*order), page)
    shown = db.session.execute(select(Person, _PICTURES).where(Person.id.in_(found.items)))
    rows = {person.id: PersonRow.of(person, pictures) for person, pictures in shown}
    return replace(found, items=tuple(rows[person_id] for person_id in found.items))


def people_after(
    last: Position | None, most: int, query: str = "", identifier: str = ""
) -> tuple[PersonRow, ...]:
    """Return the next people in order of enrolment.

    Args:
        last: position of the last person already listed; None starts at the first.
        most: maximum number of people.
        query: a part of identifier or name, case-insensitive; empty matches everybody.
        identifier: the whole identifier, case-insensitive; empty matches any.
    """
    statement = select(Person, _PICTURES).where(*_matching(query))
    if identifier:
        statement = statement.where(Person.identifier_key == comparison_key(identifier))
    if last:
        statement = statement.where(last.is_before(Person.created_at, Person.id))
    rows = db.session.execute(statement.order_by(*SORTS["enrolled"]).limit(most))
    return tuple(PersonRow.of(person, pictures) for person, pictures in rows)


def find_row(person_id: UUID) -> PersonRow:
    """Return a person as the list shows them.

    Raises:
        UnknownPerson: if there is no such person.
    """
    row = db.session.execute(select(Person, _PICTURES).where(Person.id == person_id)).one_or_none()
    if row is None:
        raise UnknownPerson
    return PersonRow.of(*row)


@retry_on_conflict
def rename(person_id: UUID, identifier: str | None, name: str | None, actor: Actor) -> None:
    """Change a person's identifier, name or both; None keeps the current value.

    Counters that belong to the identifier move to the new one.

    Raises:
        UnknownPerson: if there is no such person.
        DuplicateIdentifier: if another person has the identifier.
    """
    with unit_of_work() as session:
        person = find_person(person_id)
        before = person.identifier, person.name
        if name is not None:
            person.name, person.name_key = normalize_name(name), comparison_key(name)
        if identifier is not None:
            claimed_identity.move(session, person.identifier, identifier)
            person.identifier, person.identifier_key = (
                normalize_name(identifier),
                comparison_key(identifier),
            )
        if (person.identifier, person.name) == before:
            return
        try:
            session.flush()
        except IntegrityError as error:
            raise DuplicateIdentifier from error
        audit.record(session, "person_renamed", actor, person=person_id)


def find_person(person_id: UUID) -> Person:
    """Return a person with their anchors.

    Raises:
        UnknownPerson: if there is no such person.
    """
    person = db.session.get(Person, person_id, options=[selectinload(Person.anchors)])
    if person is None:
        raise UnknownPerson
    return person


def delete_person(person_id: UUID, actor: Actor) -> None:
    """Delete a person: key, anchors, embeddings, and every reference to them in attempts.

    Raises:
        UnknownPerson: if there is no such person.
        KeyRingBehind: if the person is deleted, but the key ring still contains their key.
    """
    _delete(person_id, actor)
    forget_old_keys()


@retry_on_conflict
def _delete(person_id: UUID, actor: Actor) -> None:
    with unit_of_work() as session:
        _delete_rows(session, find_person(person_id), actor)


@retry_on_conflict
def delete_if_agreed_before(person_id: UUID, moment: datetime) -> bool:
    """Delete a person whose last consent is not later than `moment`; ignore a missing person.

    The caller runs `forget_old_keys`, once for a batch.

    Returns:
        Whether the person was deleted.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None or person.consent_at > moment:
            return False
        _delete_rows(session, person, SERVER)
    return True


def _delete_rows(session: Session, person: Person, actor: Actor) -> None:
    digest, person_id = claim_digest(person.identifier), person.id
    session.execute(
        update(Attempt)
        .where(or_(Attempt.person_id == person_id, Attempt.claim_digest == digest))
        .values(person_id=None, claim_digest=None)
    )
    session.execute(delete(Challenge).where(Challenge.claim_digest == digest))
    page_results.forget_about_people(session)
    bump_version(session, deleted=person_id)
    session.execute(delete(Person).where(Person.id == person_id))
    lockout.forget(session, digest)
    audit.record(session, "person_deleted", actor, person=person_id)


def _matching(query: str) -> list[ColumnElement[bool]]:
    return [holds(query)] if query else []


def holds(query: str) -> ColumnElement[bool]:
    """Return the condition that identifier or name contains a text, case-insensitively."""
    part = comparison_key(query)
    return or_(
        Person.identifier_key.contains(part, autoescape=True),
        Person.name_key.contains(part, autoescape=True),
    )
