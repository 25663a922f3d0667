"""The probe: the frames of one attempt, fused into one embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml import Face, FaceError
from webapp.core.actor import Actor
from webapp.db.models import Kind
from webapp.errors.people import NoPictureUsable, PictureProblem
from webapp.inference.active_model import active_model
from webapp.inference.admission import face_slot, place
from webapp.services.attempts.attempt_log import record_refusal


@dataclass(frozen=True, eq=False)
class Probe:
    """The frames of an attempt. The similarity with an anchor is the mean over the frames.

    Frames of different faces therefore never score better than the best of them alone.

    Attributes:
        frames: float32 (f, d), embeddings of the frames used.
        reasons: codes of the best frame's quality faults; empty for a good one.
        sent: number of frames received.
    """

    frames: np.ndarray
    reasons: tuple[str, ...]
    sent: int

    @property
    def used(self) -> int:
        """Number of frames used."""
        return len(self.frames)


def probe_for(kind: Kind, frames: Sequence[bytes], actor: Actor) -> Probe:
    """Return the probe of an attempt; record a refusal if no picture is usable.

    Raises:
        FaceError, NoPictureUsable: as `probe_from`.
    """
    try:
        return probe_from(frames, actor)
    except (FaceError, NoPictureUsable) as error:
        record_refusal(kind, error)
        raise


def probe_from(frames: Sequence[bytes], actor: Actor) -> Probe:
    """Build a probe from the frames with the fewest quality faults.

    Raises:
        FaceError: if the only frame cannot be used.
        NoPictureUsable: if none of several frames can be used; with the reason for each.
    """
    faces: list[Face] = []
    errors: list[FaceError] = []
    engine = active_model().engine
    with place(actor):
        for frame in frames:
            try:
                with face_slot(actor):
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
