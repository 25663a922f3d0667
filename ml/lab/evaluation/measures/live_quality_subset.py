"""Several anchors on the photos with which the camera's guidance finds no fault.

Found photos hold faces that the app would ask to see again; a set of them says more about the app
when it is measured twice, as it is and without those. The limits are the live ones: see
`ml.faces.quality.LIVE`. They know nothing of the model, nor of who is in a photo.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ml.errors import FaceError
from ml.faces.inspection import inspect
from ml.lab.datasets.landmarks import AS_SERVED, READERS
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.several_anchors import AnchorsResult, measure_anchors
from ml.matching import DEFAULT_RULE


@dataclass(frozen=True)
class Faultless:
    """How many of the photos the guidance would take, and the default rule's figures on those."""

    photos: int
    anchors: list[AnchorsResult]


def measure_faultless(embedded: Embedded, *, mirrored: bool) -> Faultless:
    """Measure several anchors where anchors and probes are photos that the guidance would take."""
    kept = embedded.usable & taken_by_guidance(embedded.photos.paths)
    chosen = replace(
        embedded,
        photos=embedded.photos.only(kept),
        usable=np.ones(int(kept.sum()), bool),
        single=embedded.single[kept],
        mirrored=embedded.mirrored[kept],
        landmarks=embedded.landmarks[kept],
        failures=(),
    )
    return Faultless(
        int(kept.sum()), measure_anchors(chosen, mirrored=mirrored, rules=(DEFAULT_RULE,))
    )


@lru_cache(maxsize=1)
def taken_by_guidance(paths: tuple[Path, ...]) -> np.ndarray:
    """Bool (n,): photos with one face and nothing to complain of; the same for every model."""
    findings = tqdm(
        _findings(paths), "asking the guidance", len(paths), unit="photo", mininterval=1
    )
    return np.fromiter(findings, bool, len(paths))


def _findings(paths: tuple[Path, ...]) -> Iterator[bool]:
    detector = AS_SERVED.detector()

    def is_taken(path: Path) -> bool:
        try:
            seen = inspect(path.read_bytes(), detector, thorough=True, live=True)
        except FaceError:
            return False
        return seen.quality is not None and seen.quality.good and not seen.rivals

    with ThreadPoolExecutor(READERS) as readers:
        yield from readers.map(is_taken, paths)
