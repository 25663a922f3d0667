"""Two fixed chips of an artifact with their embeddings, by which each start checks its network.

`check.json` names the model, the SHA-256 digest of its `model.onnx`, and holds two drawn faces with
the embeddings that the network had when it was converted. A network that computes anything else is
refused: a digest alone would not notice a processor or a library that computes wrongly.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ml.errors import ModelBroken, reason_of
from ml.runtime.files import replacing
from ml.runtime.network import Network, name_of, read_checked

if TYPE_CHECKING:
    from ml.artifacts import Artifact

NETWORK, FILE = "model.onnx", "check.json"
TOLERANCE = 1e-4  # of each component; other processors and libraries round differently by 1e-6


@dataclass(frozen=True)
class FixedChips:
    """What `check.json` holds.

    Attributes:
        model_id: the model whose network it describes.
        digest: SHA-256 of `model.onnx`, hexadecimal.
        chips: uint8 (2, size, size, channels).
        embeddings: float32 (2, d), of unit length, of one pass.
    """

    model_id: str
    digest: str
    chips: np.ndarray
    embeddings: np.ndarray

    def write(self, folder: Path) -> None:
        """Write `check.json` into an artifact's folder."""
        table = {
            "model_id": self.model_id,
            "sha256": self.digest,
            "chips": [_png(chip) for chip in self.chips],
            "embeddings": [[round(float(x), 7) for x in row] for row in self.embeddings],
        }
        with replacing(folder / FILE) as beside:
            beside.write_text(json.dumps(table) + "\n")

    def agree_with(self, network: Network) -> bool:
        """Whether a network embeds the chips as it did when it was converted."""
        found = np.asarray(network(self.chips)[0])
        if found.shape != self.embeddings.shape:
            return False
        return bool((np.abs(found - self.embeddings) <= TOLERANCE).all())  # never true of NaN


def read_network(artifact: Artifact) -> tuple[bytes, FixedChips]:
    """Read `model.onnx` and `check.json`, checked by model id and digest.

    Raises:
        ModelBroken: if a file is missing, damaged or of another model; the text says what to do.
    """
    remedy = remedy_for(artifact.folder.name)
    path = artifact.folder / FILE
    try:
        table = json.loads(path.read_text())
        check = _from_table(table)
    except FileNotFoundError as error:
        raise ModelBroken(f"{name_of(path)} is missing. {remedy}") from error
    except (OSError, ValueError, KeyError, TypeError, cv2.error) as error:
        raise ModelBroken(
            f"{name_of(path)} cannot be read ({reason_of(error)}). {remedy}"
        ) from error
    network = artifact.folder / NETWORK
    content = read_checked(network, check.digest, remedy)
    if check.model_id != artifact.model_id:
        raise ModelBroken(
            f"{name_of(network)} was made of other weights or settings than those beside it: "
            f"it is of {check.model_id}, they are of {artifact.model_id}. {remedy}"
        )
    return content, check


def load_network(artifact: Artifact) -> Network:
    """Load the network of an artifact, after all checks.

    Raises:
        ModelBroken: as `read_network`, or if it embeds the fixed chips differently.
    """
    content, check = read_network(artifact)
    file = f"{artifact.folder.name}/{NETWORK}"
    remedy = remedy_for(artifact.folder.name)
    try:
        network = Network(content, file)
        agreed = check.agree_with(network)
    except ModelBroken as error:
        raise ModelBroken(f"{error}. {remedy}") from error
    if not agreed:
        raise ModelBroken(f"{file} embeds its fixed chips differently than {FILE} says. {remedy}")
    return network


def remedy_for(name: str) -> str:
    """Say how the files of an artifact that serve are restored."""
    return (
        "Restore it from the release, or make it of the weights: "
        f"pip install -r requirements.txt -c constraints.txt && python -m ml convert onnx {name}"
    )


def _from_table(table: dict[str, Any]) -> FixedChips:
    chips = np.stack([_chip(text) for text in table["chips"]])
    embeddings = np.array(table["embeddings"], np.float32)
    if not np.isfinite(embeddings).all() or len(embeddings) != len(chips):
        raise ValueError("no embedding for each chip")
    return FixedChips(str(table["model_id"]), str(table["sha256"]), chips, embeddings)


def _png(chip: np.ndarray) -> str:
    return b64encode(cv2.imencode(".png", chip)[1].tobytes()).decode()


def _chip(text: str) -> np.ndarray:
    """Pixels as they were encoded: OpenCV's order of colours cancels out."""
    stored = np.frombuffer(b64decode(text, validate=True), np.uint8)
    pixels = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("a chip is no PNG file")
    return pixels[..., None] if pixels.ndim == 2 else pixels
