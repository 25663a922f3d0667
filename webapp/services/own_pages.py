"""A person's own page: who a link is for, and what they may do there."""

from __future__ import annotations

from uuid import UUID

from webapp.database import unit_of_work
from webapp.errors import UnknownPerson
from webapp.models import Person
from webapp.services import audit
from webapp.services.people import find_person


def new_link_number(person_id: UUID, made_by: UUID) -> int:
    """Begin a new link to a person's page in place of older ones.

    Raises:
        UnknownPerson: if there is none.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise UnknownPerson
        person.link_number += 1
        audit.record(session, "own_link_made", made_by, person=person_id)
        return person.link_number


def person_of_link(person_id: UUID, number: int) -> Person:
    """The person whose newest link it is.

    Raises:
        UnknownPerson: if there is a newer link, or no such person.
    """
    person = find_person(person_id)
    if person.link_number != number:
        raise UnknownPerson
    return person
