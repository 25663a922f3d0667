from __future__ import annotations

import keras
import numpy as np
import pytest

from ml.siamese.backbones import UnknownBackbone, build_backbone
from ml.siamese.twin import embedding_network, twin_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    keras.utils.set_random_seed(7)
    return build_backbone("resnet29", image_size=112, channels=3, embedding_size=16)


@pytest.fixture
def chips() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (4, 112, 112, 3)).astype(np.float32)


def test_the_twins_share_their_weights(backbone):
    twins = twin_network(embedding_network(backbone))
    assert twins.count_params() == backbone.count_params()


@pytest.mark.parametrize("mirrored", [False, True])
def test_matrix_of_embeddings_equals_twins_pair_by_pair(backbone, chips, mirrored):
    embedder = embedding_network(backbone, mirrored=mirrored)
    twins = twin_network(embedder)
    embeddings = embedder(chips).numpy()
    together = embeddings @ embeddings[0]
    for row, chip in enumerate(chips):
        pair = twins([chips[:1], chip[None]])
        assert float(pair["similarity"][0]) == pytest.approx(together[row], abs=1e-5)
        distance = np.linalg.norm(embeddings[row] - embeddings[0])
        assert float(pair["distance"][0]) == pytest.approx(distance, abs=2e-3)


def test_embeddings_have_unit_length(backbone, chips):
    lengths = np.linalg.norm(embedding_network(backbone)(chips).numpy(), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)


def test_a_mirrored_chip_has_the_same_mirrored_embedding(backbone, chips):
    embedder = embedding_network(backbone, mirrored=True)
    np.testing.assert_allclose(
        embedder(chips).numpy(), embedder(chips[:, :, ::-1]).numpy(), atol=1e-5
    )


@pytest.mark.parametrize("image_size", [103, 112, 150])
def test_resnet29_takes_other_sizes_and_grey(image_size):
    grey = build_backbone("resnet29", image_size=image_size, channels=1, embedding_size=8)
    assert grey(np.zeros((2, image_size, image_size, 1), np.float32)).shape == (2, 8)


def test_resnet29_names_its_smallest_size():
    with pytest.raises(ValueError, match="103 pixels or more"):
        build_backbone("resnet29", image_size=96, channels=3, embedding_size=8)


def test_unknown_backbone_lists_the_known():
    with pytest.raises(UnknownBackbone, match="duet, koch, mobilefacenet"):
        build_backbone("vgg", image_size=32, channels=3, embedding_size=8)
