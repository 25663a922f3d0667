"""People who are enrolled: find, show, and take away what is stored of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import selectinload

from webapp.database import forget_deleted_pages, unit_of_work
from webapp.errors import LastAnchor, UnknownAnchor, UnknownPerson
from webapp.extensions import db
from webapp.gallery import raise_version
from webapp.logs import record_event
from webapp.models import Anchor, Attempt, Person
from webapp.recognition import recognition
from webapp.services.claims import claim_digest
from webapp.services.enrolment import picture_place
from webapp.services.names import comparable
from webapp.services.paging import Page, paged


def count_people() -> int:
    """How many people are enrolled."""
    return db.session.scalar(select(func.count()).select_from(Person)) or 0


def list_people(query: str, page: int) -> Page[Person]:
    """A page of the people whose identifier or name holds the query, by name."""
    people = _matching(query).options(selectinload(Person.anchors))
    return paged(people, page)


def find_person(person_id: UUID) -> Person:
    """A person with their anchors.

    Raises:
        UnknownPerson: if there is none.
    """
    person = db.session.get(Person, person_id, options=[selectinload(Person.anchors)])
    if person is None:
        raise UnknownPerson
    return person


def open_picture(person_id: UUID, anchor_id: UUID, seen_by: UUID) -> bytes:
    """The picture of an anchor, JPEG.

    Raises:
        UnknownAnchor: if the person has no such anchor.
    """
    anchor = _find_anchor(person_id, anchor_id)
    person = find_person(person_id)
    seal = recognition().vault.person_seal(person.key.wrapped, person_id)
    record_event("picture_seen", person=person_id, anchor=anchor_id, account=seen_by)
    return seal.open(anchor.picture, picture_place(anchor_id))


def delete_anchor(person_id: UUID, anchor_id: UUID, deleted_by: UUID) -> None:
    """Delete one anchor of a person who has others.

    Raises:
        UnknownAnchor: if the person has no such anchor.
        LastAnchor: if it is the only one.
    """
    with unit_of_work() as session:
        anchor = _find_anchor(person_id, anchor_id)
        person = find_person(person_id)
        if len(person.anchors) == 1:
            raise LastAnchor
        person.gallery_version = raise_version(session)
        session.execute(delete(Anchor).where(Anchor.id == anchor.id))
    forget_deleted_pages()
    record_event("anchor_deleted", person=person_id, anchor=anchor_id, account=deleted_by)


def delete_person(person_id: UUID, deleted_by: UUID) -> None:
    """Delete a person: key, pictures, embeddings, and their traces in attempts.

    Raises:
        UnknownPerson: if there is none.
    """
    with unit_of_work() as session:
        person = find_person(person_id)
        digest = claim_digest(person.identifier)
        session.execute(
            update(Attempt)
            .where(or_(Attempt.person_id == person_id, Attempt.claim_digest == digest))
            .values(person_id=None, claim_digest=None)
        )
        raise_version(session)
        session.execute(delete(Person).where(Person.id == person_id))
    forget_deleted_pages()
    record_event("person_deleted", person=person_id, account=deleted_by)


def _matching(query: str) -> Select[Any]:
    people = select(Person).order_by(Person.name_key, Person.identifier_key)
    if not query:
        return people
    part = comparable(query)
    return people.where(
        or_(
            Person.identifier_key.contains(part, autoescape=True),
            Person.name_key.contains(part, autoescape=True),
        )
    )


def _find_anchor(person_id: UUID, anchor_id: UUID) -> Anchor:
    anchor = db.session.get(Anchor, anchor_id)
    if anchor is None or anchor.person_id != person_id:
        raise UnknownAnchor
    return anchor
