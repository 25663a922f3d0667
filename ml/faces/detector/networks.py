"""The three networks of the `mtcnn` package with its weights, run by ONNX Runtime.

Zhang et al., Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks,
IEEE Signal Processing Letters 23(10), 2016. Inputs are uint8 (n, height, width, 3) RGB; the
networks scale them to (value − 127.5) / 128 themselves. The regressions of R-Net and O-Net are
relative to the square box; landmarks are five x, then five y.
`ml.lab.convert.detector` made the files.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from ml.errors import ModelBroken, reason_of
from ml.runtime.network import Network, name_of, read_checked

FOLDER = Path(__file__).parents[2] / "artifacts" / "detector"
DIGESTS = "digests.json"
REMEDY = (
    "Restore the folder ml/artifacts/detector from the release, or make it again: "
    "pip install -r requirements.txt -c constraints.txt && python -m ml convert detector"
)

PROPOSAL_CELL, PROPOSAL_STRIDE = 12, 2
REFINE_SIDE, OUTPUT_SIDE = 24, 48


def proposal_network(folder: Path = FOLDER) -> Network:
    """P-Net: regressions (n, h, w, 4) and probabilities (n, h, w, 2) of cells."""
    return _network(folder, "pnet.onnx")


def refine_network(folder: Path = FOLDER) -> Network:
    """R-Net: regressions (n, 4) and probabilities (n, 2)."""
    return _network(folder, "rnet.onnx")


def output_network(folder: Path = FOLDER) -> Network:
    """O-Net: regressions (n, 4), landmarks (n, 10) and probabilities (n, 2)."""
    return _network(folder, "onet.onnx")


@cache
def _network(folder: Path, name: str) -> Network:
    """Load a network once for all detectors of the process.

    Raises:
        ModelBroken: if its file is missing, damaged or exchanged; the text says what to do.
    """
    content = read_checked(folder / name, _digest(folder, name), REMEDY)
    try:
        return Network(content, f"{folder.name}/{name}")
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
