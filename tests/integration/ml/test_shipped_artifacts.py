"""Shipped models are the measured ones: changes of weights, detector or alignment fail here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.artifacts import TRAINING, Artifact, load_artifact
from ml.calibration.file import load_calibration
from ml.lab.evaluation.embed import embed_photos
from ml.lab.evaluation.evaluate import METRICS_SECTION, SAMPLE_SECTION
from ml.lab.evaluation.protocols.lfw import lfw_view2
from ml.lab.evaluation.protocols.pairs import score_pairs
from ml.lab.evaluation.protocols.photos import Pairs, Photos

pytestmark = pytest.mark.slow

SHIPPED = ("open", "research", "compact")
# Tolerance for float16 weights, and for rounding of other processors and builds.
TOLERANCE = 2e-3


@pytest.fixture(params=SHIPPED)
def artifact(request: pytest.FixtureRequest) -> Artifact:
    return load_artifact(request.param)


def test_figures_and_calibration_are_of_these_weights(artifact: Artifact) -> None:
    metrics = artifact.metrics()
    assert metrics["model_id"] == artifact.model_id
    assert TRAINING not in metrics  # all of them were trained elsewhere
    assert load_calibration(artifact.folder, artifact.model_id).made_from["people"] == 100
    assert metrics[METRICS_SECTION][served_view(artifact)]["accuracy"] > 0.98


def test_a_model_card_states_the_intended_use(artifact: Artifact) -> None:
    card = (artifact.folder / "MODEL_CARD.md").read_text()
    accuracy = artifact.metrics()[METRICS_SECTION][served_view(artifact)]["accuracy"]
    assert f"{accuracy:.2%}".replace("%", " %") in card
    assert artifact.config.licence in card


@pytest.mark.data
def test_a_sample_of_lfw_has_the_similarities_it_was_measured_with(
    artifact: Artifact, tmp_path: Path
) -> None:
    kept = artifact.metrics()[SAMPLE_SECTION]
    pairs = only(lfw_view2(), np.array(kept["pairs"]))
    embedded = embed_photos(artifact, pairs.photos, cache=tmp_path)
    similarity = score_pairs(pairs, embedded, mirrored=artifact.config.mirrored).similarity
    np.testing.assert_allclose(similarity, kept["similarity"], atol=TOLERANCE)


def served_view(artifact: Artifact) -> str:
    return "mirrored" if artifact.config.mirrored else "single"


def only(pairs: Pairs, numbers: np.ndarray) -> Pairs:
    """Return some of the pairs, with as few photos as possible."""
    rows, places = np.unique([pairs.a[numbers], pairs.b[numbers]], return_inverse=True)
    a, b = places.reshape(2, -1)
    photos = pairs.photos
    chosen = Photos(tuple(photos.paths[row] for row in rows), photos.person[rows], photos.names)
    return Pairs(chosen, a, b, pairs.same[numbers], pairs.fold[numbers])
