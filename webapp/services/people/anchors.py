"""Read, disable, enable and delete a person's anchors."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Anchor, AnchorEmbedding, Person, now
from webapp.db.secure_delete import truncate_log
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.errors.models import PictureNotComparable
from webapp.errors.people import LastAnchor, UnknownAnchor
from webapp.gallery.base import bump_version
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.enrolment.store import picture_place
from webapp.services.people.people import find_person


def open_picture(person_id: UUID, anchor_id: UUID, actor: Actor) -> bytes:
    """Return the picture of an anchor as JPEG bytes, and audit the access.

    Raises:
        UnknownAnchor: if the person has no such anchor.
    """
    anchor = _find_anchor(person_id, anchor_id)
    person = find_person(person_id)
    seal = key_store().vault.person_seal(person.key.wrapped, person_id)
    picture = seal.open(anchor.picture, picture_place(anchor_id))
    audit.record_read("picture_seen", actor, person=person_id, anchor=anchor_id)
    return picture


@retry_on_conflict
def retire_anchor(person_id: UUID, anchor_id: UUID, actor: Actor) -> None:
    """Disable an anchor: it stays stored, but is no longer compared.

    Raises:
        UnknownAnchor: if the person has no such anchor.
        LastAnchor: if it is the only enabled one.
    """
    with unit_of_work() as session:
        anchor = _find_anchor(person_id, anchor_id)
        person = find_person(person_id)
        _check_others_in_use(person, anchor)
        anchor.retired_at = anchor.retired_at or now()
        person.gallery_version = bump_version(session)
        audit.record(session, "anchor_retired", actor, person=person_id, anchor=anchor_id)


@retry_on_conflict
def restore_anchor(person_id: UUID, anchor_id: UUID, actor: Actor) -> None:
    """Enable a disabled anchor.

    Raises:
        UnknownAnchor: if the person has no such anchor.
        PictureNotComparable: if the active model has no embedding of it.
    """
    with unit_of_work() as session:
        anchor = _find_anchor(person_id, anchor_id)
        active_model().check_still_active()
        embedded = select(AnchorEmbedding.id).where(
            AnchorEmbedding.anchor_id == anchor_id,
            AnchorEmbedding.model_id == active_model().engine.model_id,
        )
        if session.scalar(embedded) is None:
            raise PictureNotComparable
        anchor.retired_at = None
        find_person(person_id).gallery_version = bump_version(session)
        audit.record(session, "anchor_restored", actor, person=person_id, anchor=anchor_id)


@retry_on_conflict
def delete_anchor(person_id: UUID, anchor_id: UUID, actor: Actor) -> None:
    """Delete one anchor of a person who has other enabled ones.

    Raises:
        UnknownAnchor: if the person has no such anchor.
        LastAnchor: if it is the only enabled one.
    """
    with unit_of_work() as session:
        anchor = _find_anchor(person_id, anchor_id)
        person = find_person(person_id)
        _check_others_in_use(person, anchor)
        person.gallery_version = bump_version(session)
        session.execute(delete(Anchor).where(Anchor.id == anchor.id))
        audit.record(session, "anchor_deleted", actor, person=person_id, anchor=anchor_id)
    truncate_log()


def _check_others_in_use(person: Person, anchor: Anchor) -> None:
    in_use = [one for one in person.anchors if one.retired_at is None]
    if in_use == [anchor]:
        raise LastAnchor


def _find_anchor(person_id: UUID, anchor_id: UUID) -> Anchor:
    anchor = db.session.get(Anchor, anchor_id)
    if anchor is None or anchor.person_id != person_id:
        raise UnknownAnchor
    return anchor
