"""Enrolment: store pictures as anchors of a person, all of them or none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ml import Face
from webapp.core.actor import Actor
from webapp.core.text import comparison_key, normalize_name
from webapp.crypto.vault import PersonSeal, Place
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Person, PersonKey, now
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.errors.people import (
    ConsentMissing,
    DuplicateIdentifier,
    TooManyAnchors,
    UnknownAnchor,
    UnknownPerson,
)
from webapp.gallery.base import bump_version, seal_embedding
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.enrolment import evidence as liveness_evidence
from webapp.services.enrolment.evidence import NO_EVIDENCE, LivenessEvidence
from webapp.services.enrolment.warnings import Doubts
from webapp.services.matching import lockout
from webapp.services.matching.claimed_identity import claim_digest, claimed_person
from webapp.services.models import vectors
from webapp.services.people.consent import CONSENT_VERSION, terms_in_force
from webapp.settings import current_settings


@dataclass(frozen=True)
class NewPerson:
    """A person to be enrolled, and whether they consented."""

    identifier: str
    name: str
    consent: bool


def check_new(new: NewPerson) -> None:
    """Check that a person can be enrolled, before their pictures are analysed.

    Raises:
        ConsentMissing: if the person did not consent.
        DuplicateIdentifier: if another person has the identifier.
    """
    if not new.consent:
        raise ConsentMissing
    if claimed_person(new.identifier):
        raise DuplicateIdentifier


def check_room(person_id: UUID, pictures: int) -> Person:
    """Check that a person may have `pictures` more anchors, and return the person.

    Raises:
        UnknownPerson: if there is no such person.
        TooManyAnchors: if the person would exceed `anchors_a_person`.
    """
    person = db.session.get(Person, person_id)
    if person is None:
        raise UnknownPerson
    kept = db.session.scalar(select(func.count()).where(Anchor.person_id == person_id)) or 0
    if kept + pictures > current_settings().anchors_a_person:
        raise TooManyAnchors
    return person


@retry_on_conflict
def enrol(
    new: NewPerson,
    faces: Collection[Face],
    actor: Actor,
    evidence: LivenessEvidence = NO_EVIDENCE,
    overridden: Doubts = (),
) -> UUID:
    """Store a person with the faces of their pictures, all or none; return the person's id.

    Every way of enrolment ends here: pages, the API and the import of folders.

    Args:
        new: the person.
        faces: main faces of the pictures.
        actor: recorded with the person.
        evidence: liveness evidence, used up in the same transaction.
        overridden: warnings about the pictures that the actor accepted.

    Raises:
        ConsentMissing: if the person did not consent.
        ChallengeNeeded, ChallengeUnknown, AnotherFace, WaiverUnexplained: as `evidence.check`.
        DuplicateIdentifier: if another person has the identifier.
        ModelChangedMeanwhile: if the faces were analysed with a model that is no longer active.
        MasterKeyUnusable: if another machine rotated the master key, and this one has not.
    """
    if not new.consent:
        raise ConsentMissing
    with unit_of_work() as session:
        used = liveness_evidence.check(evidence, new.identifier, faces)
        person_id = _add_person(session, new, actor)
        _add_anchors(session, _add_key(session, person_id), person_id, faces)
        lockout.forget(session, claim_digest(new.identifier))
        audit.record(
            session,
            "person_enrolled",
            actor,
            person=person_id,
            anchors=len(faces),
            consent=CONSENT_VERSION,
            **_audit_details(overridden),
        )
        if used:
            liveness_evidence.use(session, used, person_id, actor)
    return person_id


@retry_on_conflict
def add_anchors(
    person_id: UUID,
    faces: Collection[Face],
    actor: Actor,
    evidence: LivenessEvidence = NO_EVIDENCE,
    in_place_of: UUID | None = None,
    overridden: Doubts = (),
) -> tuple[UUID, ...]:
    """Add the faces of pictures to a person, all or none; return the ids of the new anchors.

    Args:
        person_id: the person.
        faces: main faces of the pictures.
        actor: recorded in the audit log.
        evidence: liveness evidence, used up in the same transaction.
        in_place_of: an anchor to disable, if any.
        overridden: warnings about the pictures that the actor accepted.

    Raises:
        UnknownPerson: if there is no such person.
        TooManyAnchors: if the person would exceed `anchors_a_person`.
        ChallengeNeeded, ChallengeUnknown, AnotherFace, WaiverUnexplained: as `evidence.check`.
        UnknownAnchor: if the person has no such anchor to disable.
        ModelChangedMeanwhile: if the faces were analysed with a model that is no longer active.
    """
    with unit_of_work() as session:
        person = check_room(person_id, len(faces))
        used = liveness_evidence.check(evidence, person.identifier, faces)
        person.gallery_version = bump_version(session)
        active_model().check_still_active()
        seal = key_store().vault.person_seal(person.key.wrapped, person_id)
        if in_place_of is not None:
            _disable(session, person_id, in_place_of)
        added = _add_anchors(session, seal, person_id, faces)
        details = {"person": person_id, "anchors": len(faces), **_audit_details(overridden)}
        audit.record(session, "anchors_added", actor, **details)
        if used:
            liveness_evidence.use(session, used, person_id, actor)
    return added


def _add_person(session: Session, new: NewPerson, actor: Actor) -> UUID:
    person = Person(
        id=uuid4(),
        identifier=normalize_name(new.identifier),
        identifier_key=comparison_key(new.identifier),
        name=normalize_name(new.name),
        name_key=comparison_key(new.name),
        consent_version=CONSENT_VERSION,
        consent_at=now(),
        consent_terms=terms_in_force(),
        gallery_version=bump_version(session),
        created_by_id=actor.account,
    )
    active_model().check_still_active()
    key_store().check_master_key_current()
    session.add(person)
    try:
        session.flush()
    except IntegrityError as error:
        raise DuplicateIdentifier from error
    return person.id


def _add_key(session: Session, person_id: UUID) -> PersonSeal:
    vault = key_store().vault
    key = PersonKey(
        person_id=person_id,
        wrapped=vault.new_person_key(person_id),
        master_key_id=vault.master_key_id,
    )
    session.add(key)
    return vault.person_seal(key.wrapped, person_id)


def _audit_details(overridden: Doubts) -> dict[str, object]:
    """Return what the audit log records of accepted warnings; empty if there were none."""
    return {"overridden": [doubt.in_ids for doubt in overridden]} if overridden else {}


def picture_place(anchor_id: UUID) -> Place:
    """Return the place that an anchor's picture is sealed for."""
    return Place("anchor", anchor_id, "picture")


def _disable(session: Session, person_id: UUID, anchor_id: UUID) -> None:
    anchor = session.get(Anchor, anchor_id)
    if anchor is None or anchor.person_id != person_id:
        raise UnknownAnchor
    anchor.retired_at = anchor.retired_at or now()


def _add_anchors(
    session: Session, seal: PersonSeal, person_id: UUID, faces: Collection[Face]
) -> tuple[UUID, ...]:
    model_id = active_model().engine.model_id
    added = tuple(uuid4() for _ in faces)
    for anchor_id, face in zip(added, faces, strict=True):
        embedding_id = uuid4()
        session.add(
            Anchor(
                id=anchor_id,
                person_id=person_id,
                picture=seal.seal(face.picture, picture_place(anchor_id)),
                quality=asdict(face.quality),
            )
        )
        embedding = AnchorEmbedding(
            id=embedding_id,
            anchor_id=anchor_id,
            person_id=person_id,
            model_id=model_id,
            vector=seal_embedding(seal, face.embedding, embedding_id),
        )
        session.add(embedding)
        session.flush()
        vectors.write(session, embedding, face.embedding)
    return added
