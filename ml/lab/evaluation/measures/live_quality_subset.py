"""Several anchors on photos that meet the quality limits for a person at the camera.

Photos from the web contain faces that the app would not accept from a camera, so a set is measured
twice: as it is, and without those. The limits are `ml.faces.quality.LIVE`. They depend neither on
the model nor on identities.
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
from ml.lab.datasets.landmarks import AS_SERVED
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.measures.several_anchors import AnchorsResult, measure_anchors
from ml.matching import DEFAULT_RULE
from ml.runtime.cores import usable_cores


@dataclass(frozen=True)
class LiveQuality:
    """Number of photos of live quality, and the default rule's figures on them."""

    photos: int
    anchors: list[AnchorsResult]


def measure_live_quality(embedded: Embedded, *, mirrored: bool) -> LiveQuality:
    """Measure several anchors, with anchors and probes of live quality."""
    kept = embedded.usable & passes_guidance(embedded.photos.paths)
    chosen = replace(
        embedded,
        photos=embedded.photos.only(kept),
        usable=np.ones(int(kept.sum()), bool),
        single=embedded.single[kept],
        mirrored=embedded.mirrored[kept],
        landmarks=embedded.landmarks[kept],
        failures=(),
    )
    return LiveQuality(
        int(kept.sum()), measure_anchors(chosen, mirrored=mirrored, rules=(DEFAULT_RULE,))
    )


@lru_cache(maxsize=1)
def passes_guidance(paths: tuple[Path, ...]) -> np.ndarray:
    """Return the mask of photos with one face and without a complaint, bool (n,)."""
    findings = tqdm(
        _findings(paths), "asking the guidance", len(paths), unit="photo", mininterval=1
    )
    return np.fromiter(findings, bool, len(paths))


def _findings(paths: tuple[Path, ...]) -> Iterator[bool]:
    detector = AS_SERVED.detector()

    def passes(path: Path) -> bool:
        try:
            seen = inspect(path.read_bytes(), detector, thorough=True, live=True)
        except FaceError:
            return False
        return seen.quality is not None and seen.quality.good and not seen.rivals

    with ThreadPoolExecutor(usable_cores()) as readers:
        yield from readers.map(passes, paths)
