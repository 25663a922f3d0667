"""Combine two artifacts to `research`: `python -m ml convert research`.

The result is the ensemble of the networks of `open` and `compact` (`ml.siamese.backbones.ensemble`)
without further training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import keras

from ml.artifacts import ARTIFACTS, ArtifactConfig, NetworkConfig, load_artifact
from ml.errors import ArtifactError
from ml.faces.preprocess import Preprocessing
from ml.lab.convert.onnx import install
from ml.siamese.backbones import build_backbone
from ml.siamese.weights import load_backbone

PARTS = {"resnet29": "open", "mobilefacenet": "compact"}

CONFIG = ArtifactConfig(
    name="research",
    title="Research: two networks side by side, the most accurate",
    terms="research",
    licence="CC0 1.0, Apache-2.0 and MIT (weights); partly trained on MS-Celeb-1M: research only",
    mirrored=True,
    network=NetworkConfig(backbone="duet", embedding_size=320),
    preprocessing=Preprocessing(image_size=180, template="wide"),
)


def combine(artifacts: Path) -> keras.Model:
    """Build `duet` with the weights of both artifacts in a folder.

    Raises:
        ModelNotFound, ModelBroken: if either artifact cannot be used.
    """
    backbone = build_backbone(
        CONFIG.network.backbone,
        image_size=CONFIG.preprocessing.image_size,
        channels=CONFIG.preprocessing.channels,
        embedding_size=CONFIG.network.embedding_size,
    )
    for part, artifact in PARTS.items():
        weights = load_backbone(load_artifact(artifact, artifacts)).get_weights()
        backbone.get_layer(part).set_weights(weights)
    return backbone


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml convert research", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--artifacts", type=Path, default=ARTIFACTS, help="folder of the artifacts")
    folder = parser.parse_args(arguments).artifacts
    try:
        backbone = combine(folder)
    except ArtifactError as error:
        print(f"convert research: {error}", file=sys.stderr)
        return 2
    print(f"saved {install(folder, CONFIG, backbone)}")
    return 0
