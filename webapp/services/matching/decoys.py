"""Decoys: similarities for identifiers that do not exist, like those of real people.

A decoy has anchors, as a person has. Photos of different people show that a cosine consists of
three parts: the frame's similarity to the mean face, the person's similarity to it, and what the
two faces share. Each part is linear in the embedding, so frames of different faces average out for
a decoy as they do for a person.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ml import Anchors, Calibration, person_similarities
from webapp.core.text import comparison_key
from webapp.db.key_store import key_store
from webapp.inference.active_model import active_model
from webapp.services.thresholds.verification import Threshold

# Distribution of a decoy's number of anchors. The camera takes three photos for an enrolment; an
# imported folder often holds one.
COUNTS = (1, 1, 1, 2, 3, 3, 3, 5)
# Share of an impostor cosine's variance that belongs to the claimed person alone. The frame's share
# is the same, since the cosine is symmetric.
PERSONS_SHARE = 0.13
# Correlation of the impostor scores of two anchors of one person.
ANCHORS_CORRELATION = 0.8
# Share of a normal distribution above the mean minus, and plus, one standard deviation.
ONE_BELOW, ONE_ABOVE = 0.8413, 0.1587


@dataclass(frozen=True)
class _Decoy:
    """Anchors of a decoy, as deviations from the mean face.

    Attributes:
        own: (k,), similarity of each anchor to the mean face, in standard deviations.
        directions: (k, d), direction of each anchor from the mean face.
    """

    own: np.ndarray
    directions: np.ndarray

    @classmethod
    def of(cls, identifier: str, size: int) -> _Decoy:
        """Draw the decoy; deterministic for an identifier and an installation."""
        digest = key_store().secrets.keyed_digest("stranger", comparison_key(identifier))
        generator = np.random.default_rng(np.frombuffer(digest, np.uint32))
        person = generator.standard_normal(1 + size)
        anchors = generator.standard_normal((generator.choice(COUNTS), 1 + size))
        drawn = (
            math.sqrt(ANCHORS_CORRELATION) * person + math.sqrt(1 - ANCHORS_CORRELATION) * anchors
        )
        return cls(drawn[:, 0], drawn[:, 1:])


def decoy_similarity(identifier: str, frames: np.ndarray, threshold: Threshold) -> float:
    """Return the similarity of a probe with the decoy of an identifier.

    Over many identifiers and faces, it has the calibration's distribution of impostors. For one
    identifier, similar frames get similar results, as with a real person. A repeated call returns
    the same, regardless of enrolments and deletions meanwhile.

    Args:
        identifier: as claimed.
        frames: float32 (f, d), embeddings of the probe's frames.
        threshold: threshold in force; the result is below it.
    """
    calibration = active_model().engine.calibration
    decoy = _Decoy.of(identifier, frames.shape[1])
    by_frame = _similarities(calibration, _deviations(calibration, decoy, frames))
    anchors = Anchors(np.array([0]), len(by_frame))
    similarity = person_similarities(by_frame.mean(axis=1), anchors, threshold.rule)
    return min(float(similarity[0]), float(np.nextafter(threshold.similarity, -1)))


def _deviations(calibration: Calibration, decoy: _Decoy, frames: np.ndarray) -> np.ndarray:
    """Return the distance of anchors and frames from the impostor mean, (k, f), in deviations."""
    middle = calibration.middle
    if middle is None:
        both = math.sqrt(1 - PERSONS_SHARE) * (decoy.directions @ frames.T)
        return math.sqrt(PERSONS_SHARE) * decoy.own[:, None] + both
    length = float(middle @ middle)
    aside = frames - np.outer(frames @ middle / length, middle)
    both = decoy.directions @ aside.T / math.sqrt(1 - length)
    return (
        (frames @ middle - length) / _spread(calibration)
        + math.sqrt(PERSONS_SHARE) * decoy.own[:, None]
        + math.sqrt(1 - 2 * PERSONS_SHARE) * both
    )


def _similarities(calibration: Calibration, deviations: np.ndarray) -> np.ndarray:
    """Return the impostor cosines at the given deviations from the mean."""
    shares = (0.5 * math.erfc(one / math.sqrt(2)) for one in deviations.ravel())
    found = [calibration.pairs.threshold_at_far(share) for share in shares]
    return np.array(found, np.float32).reshape(deviations.shape)


def _spread(calibration: Calibration) -> float:
    """Return the standard deviation of impostor cosines."""
    at_far = calibration.pairs.threshold_at_far
    return (at_far(ONE_ABOVE) - at_far(ONE_BELOW)) / 2
