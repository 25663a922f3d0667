"""Enrolment through the API: store all pictures, or none and return every reason.

Cheap checks come first: pictures are analysed only if they could be stored. The report is read in
the transaction that stores, so no concurrent deletion can come between.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from webapp.core.actor import Actor
from webapp.db.transactions import one_transaction
from webapp.services.enrolment import evidence, store
from webapp.services.enrolment.evidence import NO_EVIDENCE
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson
from webapp.services.people.anchor_reports import AnchorReport, reports_with
from webapp.services.people.people import PersonRow, find_row


def enrol(
    new: NewPerson, pictures: Sequence[bytes], actor: Actor, *, accept_doubts: bool
) -> PersonRow:
    """Enrol a person with their pictures, and return their row.

    Raises:
        ChallengeNeeded: if enrolment requires a liveness challenge.
        PicturesRefused: if any picture cannot be used.
        PicturesNeedReview: if any picture has warnings that are not accepted.
        ConsentMissing, DuplicateIdentifier, ModelChangedMeanwhile: as `store.enrol`.
    """
    evidence.check(NO_EVIDENCE)
    store.check_new(new)
    review = review_pictures(pictures, actor)
    faces = review.accepted_faces(accept_doubts=accept_doubts)
    with one_transaction():
        return find_row(store.enrol(new, faces, actor, overridden=review.every_doubt))


def add_anchors(
    person_id: UUID, pictures: Sequence[bytes], actor: Actor, *, accept_doubts: bool
) -> tuple[AnchorReport, ...]:
    """Add pictures to a person, and return the reports on the new anchors.

    Raises:
        ChallengeNeeded: if enrolment requires a liveness challenge.
        PicturesRefused: if any picture cannot be used.
        PicturesNeedReview: if any picture has warnings that are not accepted.
        UnknownPerson, TooManyAnchors, ModelChangedMeanwhile: as `store.add_anchors`.
    """
    evidence.check(NO_EVIDENCE)
    store.check_room(person_id, len(pictures))
    review = review_pictures(pictures, actor, person_id)
    faces = review.accepted_faces(accept_doubts=accept_doubts)
    with one_transaction():
        added = store.add_anchors(person_id, faces, actor, overridden=review.every_doubt)
        doubts = {added[place]: doubts for place, doubts in review.doubts.items()}
        return reports_with(person_id, added, doubts)
