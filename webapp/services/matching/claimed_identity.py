"""Claimed identifiers: the person, the digest that an attempt keeps, and the lockout counters."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.network import client_network
from webapp.core.text import comparison_key
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Attempt, Person, Purpose
from webapp.db.transactions import unit_of_work
from webapp.errors.people import UnknownPerson
from webapp.services import audit
from webapp.services.liveness.setting import Liveness
from webapp.services.matching import lockout
from webapp.services.matching.lockout import Counter, Failures, LockoutPolicy

_CLAIMED = select(Person).where(Person.identifier_key == bindparam("identifier"))


def claim_digest(identifier: str) -> bytes:
    """Return the digest of a claimed identifier, keyed by the installation's key."""
    return key_store().secrets.keyed_digest("claimed identifier", comparison_key(identifier))


def claimed_person(identifier: str) -> Person | None:
    """Return the person who has the identifier; None if nobody has it."""
    return db.session.scalar(_CLAIMED, {"identifier": comparison_key(identifier)})


def network_digest(digest: bytes, actor: Actor) -> bytes:
    """Return the digest that counts the failures of the actor's network against one claim."""
    network = client_network(actor.address)
    return key_store().secrets.keyed_digest("claim from a network", digest + network.encode())


def check_may_try(digest: bytes, setting: Liveness, actor: Actor) -> None:
    """Check that verification against a claim is not locked, whether or not the identifier exists.

    `setting` raises the limit while challenges are required.

    Raises:
        MustWait: during the wait after several failures.
        FaceDisabled: after too many failures in a row.
    """
    network = _network_counter(digest, network_digest(digest, actor))
    lockout.check(_global_counter(digest, setting), network)


def count_failure(
    session: Session,
    digest: bytes,
    person: Person | None,
    setting: Liveness,
    actor: Actor,
    network: bytes | None = None,
) -> None:
    """Count a failed verification against a claim, in the running transaction.

    The first failures are free, from any network. Later ones also count against their network,
    given as `network_digest`; None if the network is unknown.
    """
    everybody = _global_counter(digest, setting)
    failed = lockout.count_failure(session, everybody)
    if network and failed >= everybody.bound.free:
        lockout.count_failure(session, _network_counter(digest, network))
    if failed == everybody.bound.most:
        source = replace(actor, account=None)
        audit.record(session, "face_disabled", source, person=person.id if person else None)


def reset_failures(session: Session, digest: bytes, setting: Liveness, actor: Actor) -> None:
    """Reset the counters after a match, in the running transaction; other networks' stay."""
    network = _network_counter(digest, network_digest(digest, actor))
    lockout.reset(session, _global_counter(digest, setting), network)


def _global_counter(digest: bytes, setting: Liveness) -> Counter[LockoutPolicy]:
    guarded = setting.requires_challenge(Purpose.VERIFY)
    return Counter(digest, lockout.WITH_CHALLENGES if guarded else lockout.FACE_LOCKOUT)


def _network_counter(digest: bytes, network: bytes) -> Counter[LockoutPolicy]:
    return Counter(network, lockout.FACES_FROM_A_NETWORK, against=digest)


def move(session: Session, old: str, new: str) -> None:
    """Move the records of claims from one identifier to another, in the running transaction.

    Failures keep counting, and a later deletion of the person still finds the attempts.
    """
    before, after = claim_digest(old), claim_digest(new)
    lockout.move(session, before, after)
    claimed = update(Attempt).where(Attempt.claim_digest == before)
    session.execute(claimed.values(claim_digest=after))


def failures_of(person: Person) -> Failures:
    """Return the number of failures in a row against a person."""
    counter = Counter(claim_digest(person.identifier), lockout.FACE_LOCKOUT)
    return lockout.failures_of(counter)


def allow_again(person_id: UUID, actor: Actor) -> None:
    """End the lockout of a person's face.

    Raises:
        UnknownPerson: if there is no such person.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise UnknownPerson
        lockout.forget(session, claim_digest(person.identifier))
        audit.record(session, "face_allowed_again", actor, person=person_id)
