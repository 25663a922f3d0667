"""Every backbone can be built at other sizes than its own, and embeds chips."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from ml.siamese.backbones import MODULES, build_backbone

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", sorted(MODULES))
@pytest.mark.parametrize(("image_size", "channels", "embedding_size"), [(126, 1, 16), (140, 3, 64)])
def test_a_backbone_follows_size_channels_and_embedding(
    name: str, image_size: int, channels: int, embedding_size: int
) -> None:
    backbone = build_backbone(
        name, image_size=image_size, channels=channels, embedding_size=embedding_size
    )
    chips = np.random.default_rng(0).uniform(0, 255, (2, image_size, image_size, channels))
    embeddings = np.asarray(backbone(chips.astype(np.float32)))
    assert embeddings.shape == (2, embedding_size)
    assert embeddings.dtype == np.float32
    assert np.isfinite(embeddings).all()
    assert np.abs(embeddings[0] - embeddings[1]).max() > 0


def test_koch_refuses_chips_that_vanish_on_the_way() -> None:
    with pytest.raises(ValueError, match="65 pixels or more, not 64"):
        build_backbone("koch", image_size=64, channels=1, embedding_size=8)


def test_koch_takes_its_documented_smallest_chips() -> None:
    backbone = build_backbone("koch", image_size=65, channels=1, embedding_size=8)
    assert backbone.get_layer("convolution4").output.shape[1:3] == (1, 1)


def test_compact_has_at_most_four_million_weights() -> None:
    backbone = build_backbone("compact", image_size=112, channels=3, embedding_size=128)
    assert backbone.count_params() <= 4_000_000


@pytest.mark.parametrize("name", ["mobilenet", pytest.param("resnet50", marks=pytest.mark.long)])
def test_a_short_training_is_enough_for_the_statistics_used_in_service(name: str) -> None:
    keras.utils.set_random_seed(3)
    network = build_backbone(name, image_size=32, channels=3, embedding_size=16)
    chips = np.random.default_rng(3).uniform(0, 255, (16, 32, 32, 3)).astype(np.float32)
    run = tf.function(network)
    for _ in range(150):
        learning = run(chips, training=True).numpy()
    in_use = run(chips, training=False).numpy()
    cosine = (learning * in_use).sum(1) / np.linalg.norm(learning, axis=1)
    assert (cosine / np.linalg.norm(in_use, axis=1)).min() > 0.9
