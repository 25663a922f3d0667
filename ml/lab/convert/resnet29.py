"""Convert dlib's weights to the artifact `open`: `python -m ml convert open`.

The command reads the public-domain weights (CC0) of dlib's face network from the PyPI package
`face_recognition_models`, folds every affine layer into the previous convolution, and saves an
artifact. It finds the package through its metadata, because importing it needs an old setuptools.
"""

from __future__ import annotations

import argparse
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import keras
import numpy as np

from ml.artifacts import ARTIFACTS, ArtifactConfig, NetworkConfig
from ml.faces.preprocess import Preprocessing
from ml.lab.convert.dlib_file import Layer, NotADlibNetwork, read_layers
from ml.lab.convert.onnx import install
from ml.siamese.backbones import build_backbone

PACKAGE = "face_recognition_models"
WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"

CONFIG = ArtifactConfig(
    name="open",
    title="Open: dlib's public-domain face network",
    terms="open",
    licence="CC0 1.0 (weights by Davis E. King, converted)",
    mirrored=True,
    network=NetworkConfig(backbone="resnet29", embedding_size=128),
    preprocessing=Preprocessing(image_size=150, template="dlib", equalise="none", colour="rgb"),
)


def published_weights() -> Path:
    """Return the path of the weights in the installed package.

    Raises:
        FileNotFoundError: if the package is not installed; the text names the remedy.
    """
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError:
        listed = []
    for path in listed:
        if path.name == WEIGHTS:
            return Path(str(path.locate()))
    raise FileNotFoundError(f"{WEIGHTS} not found: pip install {PACKAGE}")


def convert(data: bytes) -> keras.Model:
    """Build `resnet29` with the weights of a dlib network file.

    Raises:
        NotADlibNetwork: if the file has another architecture.
    """
    backbone = build_backbone(
        "resnet29",
        image_size=CONFIG.preprocessing.image_size,
        channels=CONFIG.preprocessing.channels,
        embedding_size=CONFIG.network.embedding_size,
    )
    layers = list(read_layers(data))
    # Both networks are in forward order: con and affine alternate, then one fc.
    convolutions = [layer for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D)]
    if [layer.kind for layer in layers] != ["con", "affine"] * len(convolutions) + ["fc"]:
        raise NotADlibNetwork("another sequence of layers than the face network's")
    ordered = sorted(convolutions, key=lambda layer: (layer.name != "stem", layer.name))
    for target, con, affine in zip(ordered, layers[:-1:2], layers[1:-1:2], strict=True):
        target.set_weights(_fold(con, affine, target.kernel.shape))
    dense = backbone.get_layer("embedding")
    dense.set_weights([layers[-1].values.reshape(dense.kernel.shape)])
    return backbone


def _fold(con: Layer, affine: Layer, kernel_shape: tuple[int, ...]) -> list[np.ndarray]:
    """Fold scale and offset into a convolution: a (w x + b) + c = (a w) x + (a b + c)."""
    rows, columns, inputs, filters = kernel_shape
    scale, offset = affine.values.reshape(2, filters)
    kernel = con.values[:-filters].reshape(filters, inputs, rows, columns).transpose(2, 3, 1, 0)
    return [kernel * scale, con.values[-filters:] * scale + offset]


def main(arguments: list[str] | None = None) -> int:
    """Convert and save; existing metrics and calibration do not change."""
    parser = argparse.ArgumentParser(
        prog="python -m ml convert open", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--to", type=Path, default=ARTIFACTS, help="folder of the artifacts")
    options = parser.parse_args(arguments)
    backbone = convert(published_weights().read_bytes())
    print(f"saved {install(options.to, CONFIG, backbone)}")
    return 0
