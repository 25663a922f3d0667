"""Make the detector's files of the `mtcnn` package's weights: `python -m ml convert detector`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read by TensorFlow when it is imported

import keras
from mtcnn.network.onet import ONet
from mtcnn.network.pnet import PNet
from mtcnn.network.rnet import RNet
from mtcnn.utils.tensorflow import load_weights

from ml.faces.detector.networks import DIGESTS, FOLDER, OUTPUT_SIDE, REFINE_SIDE
from ml.lab.convert.onnx import as_onnx
from ml.runtime.files import replacing
from ml.runtime.network import sha256

# None: of any size.
NETWORKS = {"pnet": (PNet, None), "rnet": (RNet, REFINE_SIDE), "onet": (ONet, OUTPUT_SIDE)}


def convert(folder: Path = FOLDER) -> None:
    """Write the three networks and their digests into a folder."""
    digests = {}
    for name, (kind, side) in NETWORKS.items():
        content = as_onnx(_network(kind(), f"{name}.lz4", side), "pixels")
        with replacing(folder / f"{name}.onnx") as beside:
            beside.write_bytes(content)
        digests[f"{name}.onnx"] = sha256(content)
    with replacing(folder / DIGESTS) as beside:
        beside.write_text(json.dumps(digests, indent=1) + "\n")


def _network(network: Any, weights: str, side: int | None) -> keras.Model:
    network.build()
    network.set_weights(load_weights(weights))
    pixels = keras.Input((side, side, 3))
    return keras.Model(pixels, network((pixels - 127.5) / 128.0))


def main(_arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    convert()
    print(f"written: {', '.join(f'{name}.onnx' for name in NETWORKS)}, {DIGESTS}")
    return 0
