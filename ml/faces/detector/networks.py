"""Loader of the two networks of the detector.

O-Net is the last network of Zhang et al., Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks, IEEE Signal Processing Letters 23(10), 2016, with the weights of
the `mtcnn` package. Its input is uint8 (n, 48, 48, 3) RGB, which it scales to (value − 127.5) / 128
itself. Its regression is relative to the square box; landmarks are five x, then five y.
`ml.lab.convert.detector` writes its file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from ml.errors import ModelBroken, reason_of
from ml.faces.detector.yunet import YuNet
from ml.runtime.network import Network, name_of, read_checked

FOLDER = Path(__file__).parents[2] / "artifacts" / "detector"
DIGESTS = "digests.json"
REMEDY = (
    "Restore the folder ml/artifacts/detector from the release, or make it again: "
    "pip install -r requirements.txt -c constraints.txt && python -m ml convert detector"
)

YUNET, ONET = "yunet.onnx", "onet.onnx"
ONET_SIDE = 48
# Input that O-Net scales to zero, the value of the padding in its training.
NEUTRAL = 127
ONET_SHAPES = [(1, 4), (1, 10), (1, 2)]


def yunet(folder: Path, least_score: float, overlap: float, most: int) -> YuNet:
    """Load YuNet; arguments as in `YuNet`.

    Raises:
        ModelBroken: if its file is missing, damaged or replaced; the text names the remedy.
    """
    content = _read(YUNET, folder)
    with _remedied():
        return YuNet(content, f"{folder.name}/{YUNET}", least_score, overlap, most)


@cache
def onet(folder: Path = FOLDER) -> Network:
    """Load O-Net once a process; it returns regressions (n, 4), landmarks (n, 10), scores (n, 2).

    Raises:
        ModelBroken: if its file is missing, damaged or replaced; the text names the remedy.
    """
    content, file = _read(ONET, folder), f"{folder.name}/{ONET}"
    with _remedied():
        network = Network(content, file)
        outputs = network(np.full((1, ONET_SIDE, ONET_SIDE, 3), NEUTRAL, np.uint8))
        if [output.shape for output in outputs] != ONET_SHAPES:
            raise ModelBroken(f"{file} is not O-Net: it has other outputs")
        if not all(np.isfinite(output).all() for output in outputs):
            raise ModelBroken(f"{file} computes no finite landmarks")
    return network


def _read(name: str, folder: Path) -> bytes:
    return read_checked(folder / name, _digest(folder, name), REMEDY)


@contextmanager
def _remedied() -> Iterator[None]:
    """Add the remedy to the text of a ModelBroken."""
    try:
        yield
    except ModelBroken as error:
        raise ModelBroken(f"{error}. {REMEDY}") from error


def _digest(folder: Path, name: str) -> str:
    path = folder / DIGESTS
    try:
        return str(json.loads(path.read_text())[name])
    except FileNotFoundError as error:
        raise ModelBroken(f"{name_of(path)} is missing. {REMEDY}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelBroken(
            f"{name_of(path)} cannot be read ({reason_of(error)}). {REMEDY}"
        ) from error
