"""A network can start from a longer one that has all its layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.artifacts import Artifact, ArtifactConfig, NetworkConfig, load_artifact, save_artifact
from ml.faces.preprocess import Preprocessing
from ml.lab.training.run import take_weights
from ml.lab.training.toml_config import ConfigError
from ml.siamese.backbones import build_backbone
from ml.siamese.weights import load_backbone

pytestmark = pytest.mark.slow

SIZES = {"image_size": 32, "channels": 3, "embedding_size": 8}


@pytest.fixture
def longer(tmp_path: Path) -> Artifact:
    config = ArtifactConfig(
        name="longer",
        title="longer",
        terms="open",
        licence="none",
        mirrored=False,
        network=NetworkConfig("mobilefacenet", SIZES["embedding_size"]),
        preprocessing=Preprocessing(image_size=SIZES["image_size"], template="arcface"),
    )
    save_artifact(tmp_path, config, build_backbone("mobilefacenet", **SIZES))
    return load_artifact("longer", tmp_path)


def test_a_shorter_network_takes_the_layers_it_shares(longer: Artifact) -> None:
    shorter = build_backbone("mobilefacenet_short", **SIZES)
    take_weights(shorter, longer)
    theirs = load_backbone(longer)
    assert len(shorter.layers) < len(theirs.layers)
    for layer in shorter.layers:
        for weight, given in zip(
            layer.get_weights(), theirs.get_layer(layer.name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(weight, given)


def test_a_network_with_other_layers_is_refused(longer: Artifact) -> None:
    other = build_backbone("koch", image_size=65, channels=3, embedding_size=8)
    with pytest.raises(ConfigError, match="layer convolution1 has no match in longer"):
        take_weights(other, longer)
