"""Review pictures before they become anchors: faults and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from ml import Face, FaceError
from webapp.core.actor import Actor
from webapp.errors.people import PictureProblem, PicturesNeedReview, PicturesRefused
from webapp.inference.active_model import active_model
from webapp.inference.admission import face_slot, place
from webapp.services.enrolment.warnings import Doubts, covered_parts, doubts_before_storing


@dataclass(frozen=True)
class PictureReview:
    """Result of a review, by the position of each picture; nothing is stored.

    Attributes:
        faces: main faces of the pictures that can be used.
        refused: why the other pictures cannot be used.
        doubts: warnings about usable pictures.
    """

    faces: dict[int, Face] = field(default_factory=dict)
    refused: dict[int, FaceError] = field(default_factory=dict)
    doubts: dict[int, Doubts] = field(default_factory=dict)

    def accepted_faces(self, *, accept_doubts: bool) -> tuple[Face, ...]:
        """Return the faces of all pictures, in their order.

        Raises:
            PicturesRefused: if any picture cannot be used.
            PicturesNeedReview: if any picture has warnings, and they are not accepted.
        """
        if self.refused:
            raise PicturesRefused(self.refusals)
        if self.doubts and not accept_doubts:
            raise PicturesNeedReview(self.doubted)
        return tuple(self.faces.values())

    @property
    def every_doubt(self) -> Doubts:
        """Warnings about all pictures."""
        return tuple(doubt for doubts in self.doubts.values() for doubt in doubts)

    @property
    def refusals(self) -> tuple[PictureProblem, ...]:
        """Why pictures cannot be used."""
        return tuple(
            PictureProblem(place, error.code, error.details)
            for place, error in self.refused.items()
        )

    @property
    def doubted(self) -> tuple[PictureProblem, ...]:
        """Warnings about pictures, one entry each."""
        return tuple(
            PictureProblem(place, doubt.code, {"name": doubt.name})
            for place, doubts in self.doubts.items()
            for doubt in doubts
        )


def review_pictures(
    pictures: Sequence[bytes], actor: Actor, person_id: UUID | None = None
) -> PictureReview:
    """Review the pictures of a new person, or of the person that they would be added to."""
    engine = active_model().engine
    faces: dict[int, Face] = {}
    refused: dict[int, FaceError] = {}
    with place(actor):
        for number, picture in enumerate(pictures):
            try:
                with face_slot(actor):
                    faces[number] = engine.analyse(picture, purpose="enrol")
            except FaceError as error:
                refused[number] = error
    return PictureReview(faces, refused, _doubts(faces, person_id))


def _doubts(faces: dict[int, Face], person_id: UUID | None) -> dict[int, Doubts]:
    if not faces:
        return {}
    embeddings = np.stack([face.embedding for face in faces.values()])
    compared = doubts_before_storing(embeddings, person_id)
    found = {
        number: covered_parts(face.quality) + compared.get(place, ())
        for place, (number, face) in enumerate(faces.items())
    }
    return {number: doubts for number, doubts in found.items() if doubts}
