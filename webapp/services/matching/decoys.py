"""Decoys: what an identifier that nobody has scores, so that it looks like somebody's.

A decoy has anchors, as a person has. What the product of an anchor and a frame is made of was
measured with photos of strangers: the frame's likeness to the mean face, the person's likeness to
it, and what only these two faces have in common. Each part is linear in the embedding, so frames
of different faces average out for a decoy as they do for a person.
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

# Numbers of anchors, one of which a decoy has. The camera takes three photos for an enrolment; a
# folder that is imported often holds one.
COUNTS = (1, 1, 1, 2, 3, 3, 3, 5)
# Share of the variance of strangers' cosines that is the claimed person's alone. The frame's own
# share is as large, since the cosine is symmetric.
PERSONS_SHARE = 0.15
# Correlation of what two anchors of one person score with strangers.
ANCHORS_CORRELATION = 0.7
# Shares of a normal distribution above one standard deviation under and over its mean.
ONE_BELOW, ONE_ABOVE = 0.8413, 0.1587


@dataclass(frozen=True)
class _Decoy:
    """The anchors of an identifier, as deviations from the mean face.

    Attributes:
        own: (k,), each anchor's likeness to the mean face, in standard deviations.
        directions: (k, d), where each anchor lies from there.
    """

    own: np.ndarray
    directions: np.ndarray

    @classmethod
    def of(cls, identifier: str, size: int) -> _Decoy:
        """Draw it, always the same for an identifier of this installation."""
        digest = key_store().secrets.keyed_digest("stranger", comparison_key(identifier))
        generator = np.random.default_rng(np.frombuffer(digest, np.uint32))
        person = generator.standard_normal(1 + size)
        anchors = generator.standard_normal((generator.choice(COUNTS), 1 + size))
        drawn = (
            math.sqrt(ANCHORS_CORRELATION) * person + math.sqrt(1 - ANCHORS_CORRELATION) * anchors
        )
        return cls(drawn[:, 0], drawn[:, 1:])


def decoy_similarity(identifier: str, frames: np.ndarray, threshold: Threshold) -> float:
    """Return the similarity of a probe with an identifier that nobody has.

    Over many identifiers and faces it is distributed like that of strangers, by the calibration.
    For one identifier it follows the frames as a real person's would, and asking again gives the
    same, whoever was enrolled or deleted since.

    Args:
        identifier: as claimed.
        frames: embeddings of the probe's frames, float32 (f, d).
        threshold: in force; the result lies below it.
    """
    calibration = active_model().engine.calibration
    decoy = _Decoy.of(identifier, frames.shape[1])
    by_frame = _similarities(calibration, _deviations(calibration, decoy, frames))
    anchors = _grouped(calibration, len(by_frame))
    similarity = person_similarities(by_frame.mean(axis=1), anchors, threshold.rule)
    return min(float(similarity[0]), float(np.nextafter(threshold.similarity, -1)))


def _deviations(calibration: Calibration, decoy: _Decoy, frames: np.ndarray) -> np.ndarray:
    """Return how far anchors and frames are from strangers' mean, in deviations, (k, f)."""
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
    """Return the cosines of strangers that lie so many deviations from the mean."""
    shares = (0.5 * math.erfc(one / math.sqrt(2)) for one in deviations.ravel())
    found = [calibration.pairs.threshold_at_far(share) for share in shares]
    return np.array(found, np.float32).reshape(deviations.shape)


def _spread(calibration: Calibration) -> float:
    """Return the standard deviation of strangers' cosines."""
    at_far = calibration.pairs.threshold_at_far
    return (at_far(ONE_ABOVE) - at_far(ONE_BELOW)) / 2


def _grouped(calibration: Calibration, count: int) -> Anchors:
    """Return so many anchors as those of one person, as like each other as genuine photos are."""
    histogram = calibration.histogram
    genuine = float(histogram.genuine @ (histogram.edges[1:] + histogram.edges[:-1]) / 2)
    length = math.sqrt((1 + (count - 1) * genuine) / count)
    return Anchors(np.array([0]), count, np.array([length], np.float32))
