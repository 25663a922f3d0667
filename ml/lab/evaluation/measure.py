"""Measurement of one model on a protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ml.artifacts import Artifact
from ml.calibration.calibration import Calibration
from ml.calibration.file import calibration_if_any
from ml.lab.datasets.landmarks import AS_SERVED, Search
from ml.lab.evaluation.embed import Embedded, embed_photos
from ml.lab.evaluation.measures.degraded import Degraded, measure_degraded
from ml.lab.evaluation.measures.identification import IdentificationResult, measure_identification
from ml.lab.evaluation.measures.impostors import Impostors, Side, compare_strangers
from ml.lab.evaluation.measures.live_quality_subset import LiveQuality, measure_live_quality
from ml.lab.evaluation.measures.resampling import Accuracy, accuracy
from ml.lab.evaluation.measures.several_anchors import AnchorsResult, measure_anchors
from ml.lab.evaluation.protocols.distractors import are_strangers
from ml.lab.evaluation.protocols.pairs import PairScores, score_pairs
from ml.lab.evaluation.protocols.photos import Photos
from ml.lab.evaluation.protocols.protocols import Protocol
from ml.lab.evaluation.reports.false_rejections import ANCHORS, FalseRejection, false_rejections
from ml.matching import DEFAULT_RULE

VIEWS = {"single": False, "mirrored": True}
FARS = (1e-2, 1e-3, 1e-4)


@dataclass(frozen=True)
class Measured:
    """Measurements of one model.

    Attributes:
        artifact: the model.
        calibration: calibration of the model, or None.
        embedded: photos of the protocol.
        scores: pairs of the protocol by view, without and with flip augmentation.
        impostors: all pairs of photos of different people, as served.
        over_all: accuracy with the protocol's genuine pairs and all impostor pairs, as served.
        anchors, identification, degraded, live_quality, false_rejections: for folders of people;
            empty or None for other protocols.
    """

    artifact: Artifact
    calibration: Calibration | None
    embedded: Embedded
    scores: dict[str, PairScores]
    impostors: Impostors
    over_all: Accuracy
    anchors: list[AnchorsResult]
    identification: list[IdentificationResult]
    degraded: Degraded | None
    live_quality: LiveQuality | None = None
    false_rejections: list[FalseRejection] = field(default_factory=list)

    @property
    def served(self) -> str:
        """Name of the view that the model serves."""
        return "mirrored" if self.artifact.config.mirrored else "single"

    @property
    def served_scores(self) -> PairScores:
        """Pairs of the protocol, as served."""
        return self.scores[self.served]


def measure_model(
    artifact: Artifact,
    protocol: Protocol,
    strangers: Photos | None,
    *,
    cache: Path,
    search: Search = AS_SERVED,
) -> Measured:
    """Measure a model on a protocol; caches make it fast the second time.

    Args:
        artifact: the model.
        protocol: photos and pairs.
        strangers: photos of strangers, one a person, as distractors in galleries.
        cache: folder of cached landmarks and embeddings.
        search: reader and detector of the photos. Degraded photos and live quality are measured
            with the serving path's only.
    """
    photos, mirrored = protocol.pairs.photos, artifact.config.mirrored
    embedded = embed_photos(artifact, photos, search=search, cache=cache, label=protocol.title)
    scores = {view: score_pairs(protocol.pairs, embedded, mirrored=VIEWS[view]) for view in VIEWS}
    served = scores["mirrored" if mirrored else "single"]
    side = Side(embedded.view(mirrored), embedded.usable)
    impostors = compare_strangers(side, photos.person)
    over_all = accuracy(
        served.genuine_trials, impostors.trials, FARS, len(photos.names), label="intervals"
    )
    calibration = calibration_if_any(artifact.folder, artifact.model_id)
    pairs = Measured(artifact, calibration, embedded, scores, impostors, over_all, [], [], None)
    if not protocol.whole_people:
        return pairs
    return _with_people(pairs, strangers, cache, search)


def _with_people(
    pairs: Measured, strangers: Photos | None, cache: Path, search: Search
) -> Measured:
    """Add the measurements that need people with several photos."""
    artifact, embedded, mirrored = pairs.artifact, pairs.embedded, pairs.artifact.config.mirrored
    anchors = measure_anchors(embedded, mirrored=mirrored)
    found = _identified(artifact, embedded, strangers, cache, search, pairs.calibration)
    measured = replace(pairs, anchors=anchors, identification=found)
    if anchors:
        rejections = false_rejections(embedded, _threshold_of(anchors), mirrored=mirrored)
        measured = replace(measured, false_rejections=rejections)
    if search is not AS_SERVED:
        return measured
    return replace(
        measured,
        degraded=measure_degraded(artifact, embedded, cache_folder=cache),
        live_quality=measure_live_quality(embedded, mirrored=mirrored),
    )


def _threshold_of(results: list[AnchorsResult]) -> float:
    """Return the threshold at FAR 1e-3 of the default rule with ANCHORS anchors."""
    return next(
        result.threshold
        for result in results
        if result.rule == DEFAULT_RULE and result.anchors == ANCHORS
    )


def _identified(
    artifact: Artifact,
    embedded: Embedded,
    strangers: Photos | None,
    cache: Path,
    search: Search,
    calibration: Calibration | None,
) -> list[IdentificationResult]:
    mirrored = artifact.config.mirrored
    if strangers is None:
        distractors = embedded.view(mirrored)[:0]
    else:
        embedded_strangers = embed_photos(
            artifact, strangers, search=search, cache=cache, label="strangers"
        )
        distractors = embedded_strangers.view(mirrored)[
            embedded_strangers.usable & are_strangers(strangers)
        ]
    return measure_identification(embedded, distractors, calibration, mirrored=mirrored)
