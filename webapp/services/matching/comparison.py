"""Compare two pictures with each other; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml import COVERED, FaceError
from webapp.core.actor import Actor
from webapp.errors.people import NoPictureUsable, PictureProblem
from webapp.inference.active_model import active_model
from webapp.services.matching.probe import Probe, probe_from
from webapp.services.thresholds import verification


@dataclass(frozen=True)
class PictureComparison:
    """Whether two pictures show the same person.

    Attributes:
        match: whether the similarity reaches the verification threshold.
        similarity: -1 to 1.
        score: similarity on the scale of scores, 0 to 100.
        threshold_score: lowest score that counts as a match.
        model_id: model that computed the embeddings.
        reasons: codes of the quality faults, for each picture.
    """

    match: bool
    similarity: float
    score: float
    threshold_score: float
    model_id: str
    reasons: tuple[tuple[str, ...], tuple[str, ...]]


def compare(first: bytes, second: bytes, actor: Actor) -> PictureComparison:
    """Compare the main faces of two pictures.

    Raises:
        NoPictureUsable: if either picture cannot be used, or if both faces are covered; with the
            reason for each.
    """
    engine = active_model().engine
    probes = _probes((first, second), actor)
    _reject_covered(probes)
    first_face, second_face = (engine.calibration.normaliser(probe.frames) for probe in probes)
    similarity = float(first_face.paired(second_face)[0])
    threshold = verification.in_force()
    return PictureComparison(
        match=similarity >= threshold.similarity,
        similarity=similarity,
        score=engine.calibration.score(similarity),
        threshold_score=threshold.score,
        model_id=engine.model_id,
        reasons=(probes[0].reasons, probes[1].reasons),
    )


def _reject_covered(probes: Sequence[Probe]) -> None:
    """Reject two covered faces: strangers with masks resemble each other."""
    covers = [[reason for reason in probe.reasons if reason in COVERED] for probe in probes]
    if all(covers):
        problems = (PictureProblem(n, reasons[0], {}) for n, reasons in enumerate(covers))
        raise NoPictureUsable(tuple(problems))


def _probes(pictures: Sequence[bytes], actor: Actor) -> tuple[Probe, ...]:
    probes, problems = [], []
    for place, picture in enumerate(pictures):
        try:
            probes.append(probe_from([picture], actor))
        except FaceError as error:
            problems.append(PictureProblem(place, error.code, error.details))
    if problems:
        raise NoPictureUsable(tuple(problems))
    return tuple(probes)
