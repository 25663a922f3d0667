"""Every backbone can be built at other sizes than its own, and embeds what it is given."""

from __future__ import annotations

import numpy as np
import pytest

from ml.backbones import MODULES, build_backbone


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


def test_koch_takes_the_smallest_chips_it_says_it_takes() -> None:
    backbone = build_backbone("koch", image_size=65, channels=1, embedding_size=8)
    assert backbone.get_layer("convolution4").output.shape[1:3] == (1, 1)


def test_compact_has_at_most_four_million_weights() -> None:
    backbone = build_backbone("compact", image_size=112, channels=3, embedding_size=128)
    assert backbone.count_params() <= 4_000_000
