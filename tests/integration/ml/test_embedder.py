"""The served network equals the trained one: its ONNX file computes the same embeddings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.artifacts import Artifact, ArtifactConfig, NetworkConfig, load_artifact
from ml.embedder import Embedder
from ml.faces.preprocess import Preprocessing
from ml.lab.convert.onnx import install
from ml.siamese.backbones import build_backbone
from ml.siamese.twin import embedding_network
from ml.siamese.weights import load_backbone

pytestmark = pytest.mark.real_faces

SIZE = 65
NUMBERS = 16
ROUNDING = 1e-5


@pytest.fixture
def chips() -> np.ndarray:
    return random_chips(SIZE)


@pytest.mark.parametrize(
    ("backbone", "size"),
    [
        ("koch", SIZE),
        pytest.param("compact", SIZE, marks=pytest.mark.long),
        pytest.param("mobilenet", SIZE, marks=pytest.mark.long),
        pytest.param("resnet50", SIZE, marks=pytest.mark.long),
        pytest.param("resnet29", 103, marks=pytest.mark.long),
    ],
)
def test_every_backbone_serves_the_embeddings_of_its_network(backbone, size, tmp_path):
    artifact = untrained(tmp_path, backbone, size=size)
    expected = embedding_network(load_backbone(artifact)).predict_on_batch(random_chips(size))
    np.testing.assert_allclose(Embedder(artifact)(random_chips(size)), expected, atol=ROUNDING)


def test_a_mirrored_model_serves_the_average_with_the_mirror_image(chips, tmp_path):
    artifact = untrained(tmp_path, "koch", mirrored=True)
    network = embedding_network(load_backbone(artifact), mirrored=True)
    expected = network.predict_on_batch(chips)
    np.testing.assert_allclose(Embedder(artifact)(chips), expected, atol=ROUNDING)


def test_threads_that_share_a_model_get_their_own_embeddings(chips, tmp_path):
    embedder = Embedder(untrained(tmp_path, "koch"))
    alone = embedder(chips)
    rows = np.arange(60) % len(chips)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda row: embedder(chips[row][None])[0], rows))
    np.testing.assert_allclose(together, alone[rows], atol=ROUNDING)


def test_no_chips_give_no_embeddings(tmp_path):
    nothing = np.empty((0, SIZE, SIZE, 3), np.uint8)
    assert Embedder(untrained(tmp_path, "koch", mirrored=True))(nothing).shape == (0, NUMBERS)


def random_chips(size: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=np.uint8)


def untrained(
    folder: Path, backbone: str, *, mirrored: bool = False, seed: int = 0, size: int = SIZE
) -> Artifact:
    """Return an artifact with random weights, in a folder of its own."""
    keras.utils.set_random_seed(seed)
    config = ArtifactConfig(
        name=backbone,
        title="untrained",
        terms="open",
        licence="none",
        mirrored=mirrored,
        network=NetworkConfig(backbone, NUMBERS),
        preprocessing=Preprocessing(image_size=size),
    )
    network = build_backbone(backbone, image_size=size, channels=3, embedding_size=NUMBERS)
    install(folder, config, network)
    return load_artifact(backbone, folder)
