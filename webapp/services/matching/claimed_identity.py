"""Claimed identifiers: whose they are, and what an attempt keeps of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.core.network import client_network
from webapp.core.request_origin import address
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
    """What an attempt keeps of the claimed identifier: a digest under the installation's key."""
    return key_store().secrets.keyed_digest("claimed identifier", comparison_key(identifier))


def claimed_person(identifier: str) -> Person | None:
    """Who has the identifier, None for nobody."""
    return db.session.scalar(_CLAIMED, {"identifier": comparison_key(identifier)})


def network_digest(digest: bytes) -> bytes:
    """Return where failures of the network that asks now are counted, against one claim."""
    network = client_network(address())
    return key_store().secrets.keyed_digest("claim from a network", digest + network.encode())


def check_may_try(digest: bytes, setting: Liveness) -> None:
    """Check that somebody may try to be whom a claim names, whether or not that is anybody.

    More is borne where photos are told from people, as `setting` says.

    Raises:
        MustWait, FaceDisabled: after failures in a row.
    """
    lockout.check(_of_everybody(digest, setting), _of_network(digest, network_digest(digest)))


def count_failure(
    session: Session,
    digest: bytes,
    person: Person | None,
    setting: Liveness,
    network: bytes | None = None,
) -> None:
    """Count one more failure to be whom a claim names, in the running transaction.

    The first failures are free, wherever they come from. The next ones slow down their network,
    whose `network_digest` is given; None where that is not known.
    """
    everybody = _of_everybody(digest, setting)
    failed = lockout.count_failure(session, everybody)
    if network and failed >= everybody.bound.free:
        lockout.count_failure(session, _of_network(digest, network))
    if failed == everybody.bound.most:
        audit.record(session, "face_disabled", person=person.id if person else None)


def reset_failures(session: Session, digest: bytes, setting: Liveness) -> None:
    """Reset the counts after a match, in the running transaction; other networks' own stay."""
    network = _of_network(digest, network_digest(digest))
    lockout.reset(session, _of_everybody(digest, setting), network)


def _of_everybody(digest: bytes, setting: Liveness) -> Counter[LockoutPolicy]:
    guarded = setting.requires_challenge(Purpose.VERIFY)
    return Counter(digest, lockout.WITH_CHALLENGES if guarded else lockout.FACE_LOCKOUT)


def _of_network(digest: bytes, network: bytes) -> Counter[LockoutPolicy]:
    return Counter(network, lockout.FACES_FROM_A_NETWORK, against=digest)


def move(session: Session, old: str, new: str) -> None:
    """Let what is kept of claims to an identifier follow to another, in the running transaction.

    Failures count on, and attempts can still be found when the person is deleted.
    """
    before, after = claim_digest(old), claim_digest(new)
    lockout.move(session, before, after)
    claimed = update(Attempt).where(Attempt.claim_digest == before)
    session.execute(claimed.values(claim_digest=after))


def failures_of(person: Person) -> Failures:
    """How many failures in a row there were to be a person."""
    counter = Counter(claim_digest(person.identifier), lockout.FACE_LOCKOUT)
    return lockout.failures_of(counter)


def allow_again(person_id: UUID, allowed_by: UUID) -> None:
    """Let a person be verified by face again.

    Raises:
        UnknownPerson: if there is none.
    """
    with unit_of_work() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise UnknownPerson
        lockout.forget(session, claim_digest(person.identifier))
        audit.record(session, "face_allowed_again", allowed_by, person=person_id)
