"""Claimed identifiers: whose they are, and what an attempt keeps of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.database import unit_of_work
from webapp.errors import UnknownPerson
from webapp.extensions import db
from webapp.models import Attempt, Person, Purpose
from webapp.recognition import recognition
from webapp.services import audit, failures
from webapp.services.failures import WITH_CHALLENGES, WITH_FACES, Failures, Patience
from webapp.services.liveness import Liveness
from webapp.services.names import comparable

_CLAIMED = select(Person).where(Person.identifier_key == bindparam("identifier"))


def claim_digest(identifier: str) -> bytes:
    """What an attempt keeps of the claimed identifier: a digest under the installation's key."""
    return recognition().secrets.keyed_digest("claimed identifier", comparable(identifier))


def claimed_person(identifier: str) -> Person | None:
    """Who has the identifier, None for nobody."""
    return db.session.scalar(_CLAIMED, {"identifier": comparable(identifier)})


def check_may_try(digest: bytes, setting: Liveness) -> None:
    """Check that somebody may try to be whom a claim names, whether or not that is anybody.

    More is borne where photos are told from people, as `setting` says.

    Raises:
        MustWait, FaceDisabled: after failures in a row.
    """
    failures.check(digest, _patience(setting))


def count_failure(
    session: Session, digest: bytes, person: Person | None, setting: Liveness
) -> None:
    """Count one more failure to be whom a claim names, in the running transaction."""
    if failures.count_failure(session, digest) == _patience(setting).most:
        audit.record(session, "face_disabled", person=person.id if person else None)


def _patience(setting: Liveness) -> Patience:
    return WITH_CHALLENGES if setting.guards(Purpose.VERIFY) else WITH_FACES


def move(session: Session, old: str, new: str) -> None:
    """Let what is kept of claims to an identifier follow to another, in the running transaction.

    Failures count on, and attempts can still be found when the person is deleted.
    """
    before, after = claim_digest(old), claim_digest(new)
    failures.move(session, before, after)
    claimed = update(Attempt).where(Attempt.claim_digest == before)
    session.execute(claimed.values(claim_digest=after))


def failures_of(person: Person) -> Failures:
    """How many failures in a row there were to be a person."""
    return failures.failures_of(claim_digest(person.identifier), WITH_FACES)


def allow_again(person_id: UUID, allowed_by: UUID) -> None:
    """Let a person be verified by face again.

    Raises:
        UnknownPerson: if there is none.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise UnknownPerson
        failures.forget(session, claim_digest(person.identifier))
        audit.record(session, "face_allowed_again", allowed_by, person=person_id)
