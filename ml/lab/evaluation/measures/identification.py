"""Identification (1:N): FPIR and FNIR by size of the gallery (ISO/IEC 19795-1).

Half of the people are enrolled, together with distractors of one photo each; the other half are
strangers. FPIR is the share of searches by strangers that return anybody. FNIR is the share of
searches by enrolled people whose best candidate is another person or is below the threshold. People
and photos of the gallery are drawn several times. Intervals resample the people who search, not the
gallery.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ml.arrays import Integers, Similarities
from ml.calibration.calibration import Calibration
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.anchors import DRAWS, SEED
from ml.lab.evaluation.measures.impostors import REFUSED
from ml.lab.evaluation.measures.resampling import Estimate, PersonTrials, accuracy
from ml.matching import DEFAULT_RULE, Anchors, person_similarities
from ml.normalisation import Normalised, concatenated

GALLERY_SIZES = (100, 1000, None)  # None is everybody
ANCHOR_COUNTS = (1, 3)
FPIR = 1e-2
FEWEST_ENROLLED = 2


@dataclass(frozen=True)
class IdentificationResult:
    """Searches of galleries of one size.

    Attributes:
        people: number of people enrolled, including distractors.
        anchors: anchors of each person with several photos; distractors have one.
        threshold: similarity at which the FPIR is 1e-2.
        fnir: FNIR at that threshold.
        rank_one_missed: share of searches by enrolled people whose best candidate is another
            person, or without a usable face.
        enrolled_searches, stranger_searches: number of searches, over all draws.
        as_calibrated: FPIR and FNIR at the calibrated threshold for this size. None without a
            calibration, and with several anchors, because distractors have one.
    """

    people: int
    anchors: int
    threshold: float
    fnir: Estimate
    rank_one_missed: float
    enrolled_searches: int
    stranger_searches: int
    as_calibrated: tuple[float, float] | None


@dataclass(frozen=True)
class Searches:
    """Searches of one or several galleries.

    Attributes:
        hit: float32 (n,), similarity to the enrolled person who searched if that is the best
            candidate, else `REFUSED`.
        enrolled: int (n,), the person who searched.
        top: float32 (m,), similarity of the best candidate in a search by a stranger.
        stranger: int (m,), the stranger who searched.
    """

    hit: Similarities
    enrolled: Integers
    top: Similarities
    stranger: Integers


def measure_identification(
    embedded: Embedded, distractors: Normalised, calibration: Calibration | None, *, mirrored: bool
) -> list[IdentificationResult]:
    """Measure galleries of 100, 1,000 and all people, if there are enough.

    Args:
        embedded: people with several photos.
        distractors: one embedding of each distractor.
        calibration: calibration of the model.
        mirrored: whether the model serves flip augmentation.
    """
    results = []
    for anchors in tqdm(ANCHOR_COUNTS, "1:N", unit="number of anchors", leave=False):
        half = len(searchable(embedded, anchors)) // 2
        if half < FEWEST_ENROLLED:
            continue
        most = half + len(distractors)
        sizes = sorted({size or most for size in GALLERY_SIZES if (size or most) <= most})
        results += [
            _measured(
                _searches(embedded, distractors, mirrored, anchors, size),
                size,
                anchors,
                len(embedded.photos.names),
                calibration if anchors == 1 else None,
            )
            for size in sizes
        ]
    return results


def searchable(embedded: Embedded, anchors: int) -> np.ndarray:
    """Return the people who have a photo left to search with after `anchors` were enrolled."""
    photos = np.bincount(
        embedded.photos.person[embedded.usable], minlength=len(embedded.photos.names)
    )
    return np.flatnonzero(photos > anchors)


def _searches(
    embedded: Embedded, distractors: Normalised, mirrored: bool, anchors: int, size: int
) -> Searches:
    """Return the searches of several galleries of one size."""
    generator = np.random.default_rng(SEED)
    draws = [
        search(embedded, distractors, mirrored, anchors, size, generator) for _ in range(DRAWS)
    ]
    return Searches(
        *(
            np.concatenate([getattr(draw, name) for draw in draws])
            for name in ("hit", "enrolled", "top", "stranger")
        )
    )


def _measured(
    searches: Searches, size: int, anchors: int, people: int, calibration: Calibration | None
) -> IdentificationResult:
    point = accuracy(
        PersonTrials.of(searches.hit, searches.enrolled),
        PersonTrials.of(searches.top, searches.stranger),
        [FPIR],
        people,
    ).points[0]
    as_calibrated = None
    if calibration and calibration.searches:
        threshold = calibration.identification_threshold(size, fpir=FPIR)
        as_calibrated = (
            float(np.mean(searches.top >= threshold)),
            float(np.mean(searches.hit < threshold)),
        )
    return IdentificationResult(
        people=size,
        anchors=anchors,
        threshold=point.threshold,
        fnir=point.tar.complement(),
        rank_one_missed=float(np.mean(searches.hit == REFUSED)),
        enrolled_searches=len(searches.hit),
        stranger_searches=len(searches.top),
        as_calibrated=as_calibrated,
    )


def search(
    embedded: Embedded,
    distractors: Normalised,
    mirrored: bool,
    anchors: int,
    size: int,
    generator: np.random.Generator,
) -> Searches:
    """Draw one gallery and search it with every photo that is not enrolled."""
    person, view = embedded.photos.person, embedded.view(mirrored)
    shuffled = generator.permutation(searchable(embedded, anchors))
    enrolled = np.sort(shuffled[: min(len(shuffled) // 2, size)])
    rows = np.concatenate(
        [
            generator.permutation(np.flatnonzero((person == one) & embedded.usable))[:anchors]
            for one in enrolled
        ]
    )
    chosen = generator.permutation(len(distractors))[: size - len(enrolled)]
    gallery = concatenated([view[rows], distractors[chosen]])
    starts = np.concatenate(
        [np.arange(len(enrolled)) * anchors, len(rows) + np.arange(len(chosen))]
    )
    probes = np.setdiff1d(np.arange(len(person)), rows)
    similarity = person_similarities(
        gallery.similarities(view[probes]),
        Anchors(starts, len(gallery)),
        DEFAULT_RULE,
    )
    similarity[:, ~embedded.usable[probes]] = REFUSED
    return _outcome(similarity, enrolled, person[probes])


def _outcome(similarity: Similarities, enrolled: Integers, searching: np.ndarray) -> Searches:
    """Evaluate similarities (p, n) to everybody in the gallery, the enrolled people first."""
    first, top = similarity.argmax(axis=0), similarity.max(axis=0)
    mated = np.isin(searching, enrolled)
    row = np.searchsorted(enrolled, searching[mated])
    hit = np.where(first[mated] == row, top[mated], np.float32(REFUSED))
    return Searches(hit, searching[mated], top[~mated], searching[~mated])
