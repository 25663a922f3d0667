"""Pictures taken where nobody looks at a page: all of them at once, or none with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from webapp.services import enrolment
from webapp.services.drafts import look_through
from webapp.services.enrolment import NewPerson


def enrol(new: NewPerson, pictures: Sequence[bytes], *, accept_doubts: bool) -> UUID:
    """Enrol a person with their pictures; returns their id.

    Raises:
        PicturesRefused, PicturesDoubtful: if any picture cannot be used, or should perhaps not.
        ConsentMissing, DuplicateIdentifier, ModelChangedMeanwhile: as `enrolment.store_person`.
    """
    faces = look_through(pictures).accepted_faces(accept_doubts=accept_doubts)
    return enrolment.store_person(new, faces, None)


def add_anchors(
    person_id: UUID, pictures: Sequence[bytes], *, accept_doubts: bool
) -> tuple[UUID, ...]:
    """Add pictures to a person; returns the ids of the new anchors.

    Raises:
        PicturesRefused, PicturesDoubtful: if any picture cannot be used, or should perhaps not.
        UnknownPerson, TooManyAnchors, ModelChangedMeanwhile: as `enrolment.add_anchors`.
    """
    faces = look_through(pictures, person_id).accepted_faces(accept_doubts=accept_doubts)
    return enrolment.add_anchors(person_id, faces, None)
