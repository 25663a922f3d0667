"""The probe: the frames of one attempt as one embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ml import Face, FaceError
from webapp.db.models import Kind
from webapp.errors.people import NoPictureUsable, PictureProblem
from webapp.inference.active_model import active_model
from webapp.inference.admission import place, turn
from webapp.services.attempts.attempt_log import record_refusal


@dataclass(frozen=True, eq=False)
class Probe:
    """What the frames of an attempt say together.

    Attributes:
        frames: float32 (f, d), the embeddings of the frames that are used.
        reasons: what is wrong with the best frame; empty for a good one.
        sent: how many frames there were.
    """

    frames: np.ndarray
    reasons: tuple[str, ...]
    sent: int

    @property
    def used(self) -> int:
        """How many frames are used."""
        return len(self.frames)

    @cached_property
    def embedding(self) -> np.ndarray:
        """The mean of the frames' embeddings, float32 (d,).

        It is not stretched back to unit length: a product with an anchor is then the mean of the
        frames' similarities, so that frames of different faces never do better than the best of
        them alone.
        """
        return self.frames.mean(axis=0)


def probe_for(kind: Kind, frames: Sequence[bytes]) -> Probe:
    """The probe of an attempt; a try without a usable picture is counted as refused.

    Raises:
        FaceError, NoPictureUsable: as `probe_from`.
    """
    try:
        return probe_from(frames)
    except (FaceError, NoPictureUsable) as error:
        record_refusal(kind, error)
        raise


def probe_from(frames: Sequence[bytes]) -> Probe:
    """Make a probe of the frames without complaint, or of the best there are.

    Raises:
        FaceError: if the only frame cannot be used.
        NoPictureUsable: if none of several can: why each cannot.
    """
    faces: list[Face] = []
    errors: list[FaceError] = []
    engine = active_model().engine
    with place():
        for frame in frames:
            try:
                with turn():
                    faces.append(engine.analyse(frame, purpose="verify", together=len(frames)))
            except FaceError as error:
                errors.append(error)
    if not faces:
        raise _unusable(errors)
    fewest = min(len(face.quality.reasons) for face in faces)
    used = [face for face in faces if len(face.quality.reasons) == fewest]
    embeddings = np.stack([face.embedding for face in used])
    return Probe(embeddings, used[0].quality.reasons, len(frames))


def _unusable(errors: Sequence[FaceError]) -> FaceError | NoPictureUsable:
    if len(errors) == 1:
        return errors[0]
    problems = [PictureProblem(n, error.code, error.details) for n, error in enumerate(errors)]
    return NoPictureUsable(tuple(problems))
