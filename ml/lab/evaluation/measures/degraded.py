"""FRR on degraded photos.

The whole photo is changed, then takes the serving path: decoding, detection, alignment, embedding.
A face that is no longer detected is a false rejection. Anchors are the unchanged photos. Every
probe is compared with every anchor of another file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.artifacts import Artifact
from ml.faces.decode import decode
from ml.lab.datasets.landmarks import Search
from ml.lab.evaluation.embed import Embedded, embed_photos
from ml.lab.evaluation.measures.degradations import CHANGES, Change, fingerprint
from ml.lab.evaluation.measures.impostors import REFUSED, Side, compare_strangers
from ml.lab.evaluation.measures.resampling import Estimate, PersonTrials, accuracy, mean_of

FAR = 1e-3


@dataclass(frozen=True)
class DegradedResult:
    """Probes with one degradation, or none.

    Attributes:
        name: name of the degradation.
        frr: FRR at FAR 1e-3, both over probes of this kind.
        threshold: similarity at that FAR.
        failures: number of probes without a face.
        far_before, frr_before: rates at the threshold of the unchanged photos at FAR 1e-3.
    """

    name: str
    frr: Estimate
    threshold: float
    failures: int
    far_before: float
    frr_before: float


@dataclass(frozen=True)
class Degraded:
    """All degradations, the unchanged photos, and the mean FRR over the degradations."""

    untouched: DegradedResult
    results: tuple[DegradedResult, ...]
    mean: Estimate


def measure_degraded(artifact: Artifact, embedded: Embedded, *, cache_folder: Path) -> Degraded:
    """Degrade every photo in every way and compare it with the unchanged photos of all people.

    Args:
        artifact: the model.
        embedded: the unchanged photos with their landmarks.
        cache_folder: folder of cached landmarks and embeddings.
    """
    untouched = _compared("untouched", artifact, embedded, embedded, None)
    results = []
    for name, change in CHANGES.items():
        probes = embed_photos(
            artifact,
            embedded.photos,
            search=Search(f"{name} {fingerprint()}", _reader(change, embedded)),
            cache=cache_folder,
            label=name,
        )
        results.append(_compared(name, artifact, embedded, probes, untouched.threshold))
    return Degraded(untouched, tuple(results), mean_of([result.frr for result in results]))


def _reader(change: Change, embedded: Embedded) -> Callable[[Path], bytes]:
    """Return a reader of photos that applies a change."""
    landmarks_of = {
        path: landmarks
        for path, landmarks, usable in zip(
            embedded.photos.paths, embedded.landmarks, embedded.usable, strict=True
        )
        if usable
    }

    def read(path: Path) -> bytes:
        data = path.read_bytes()
        if path not in landmarks_of:
            return data
        changed = change(decode(data), landmarks_of[path])
        fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        return cv2.imencode(".png", cv2.cvtColor(changed, cv2.COLOR_RGB2BGR), fast)[1].tobytes()

    return read


def _compared(
    name: str,
    artifact: Artifact,
    anchors: Embedded,
    probes: Embedded,
    threshold_before: float | None,
) -> DegradedResult:
    mirrored, person = artifact.config.mirrored, anchors.photos.person
    genuine = _genuine(anchors, probes, mirrored)
    impostors = compare_strangers(
        Side(anchors.view(mirrored), anchors.usable),
        person,
        Side(probes.view(mirrored), probes.usable),
    )
    point = accuracy(genuine, impostors.trials, [FAR], len(anchors.photos.names)).points[0]
    before = point.threshold if threshold_before is None else threshold_before
    return DegradedResult(
        name=name,
        frr=point.tar.complement(),
        threshold=point.threshold,
        failures=int((~probes.usable).sum()),
        far_before=float((impostors.similarity >= before).sum() / impostors.total),
        frr_before=float((genuine.similarity < before).mean()),
    )


def _genuine(anchors: Embedded, probes: Embedded, mirrored: bool) -> PersonTrials:
    """Return trials of every probe against every anchor of its person in another file."""
    enrolled, probing = anchors.view(mirrored), probes.view(mirrored)
    similarities, people = [], []
    for one in range(len(anchors.photos.names)):
        rows = np.flatnonzero(anchors.photos.person == one)
        similarity = enrolled[rows].similarities(probing[rows])
        similarity[~anchors.usable[rows]] = REFUSED
        similarity[:, ~probes.usable[rows]] = REFUSED
        others = similarity[~np.eye(len(rows), dtype=bool)]
        similarities.append(others)
        people.append(np.full(len(others), one))
    return PersonTrials.of(np.concatenate(similarities), np.concatenate(people))
