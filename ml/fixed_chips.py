"""Two fixed chips of an artifact with their embeddings, a self-test of the network at each start.

`check.json` names the model and the SHA-256 digest of its `model.onnx`. It holds two drawn faces
with the embeddings that the network computed when it was converted. A network that computes other
embeddings is rejected: a digest cannot detect a processor or a library that computes wrongly.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ml.arrays import Chip, Chips, Embeddings
from ml.artifacts import NETWORK, Artifact
from ml.errors import ModelBroken, reason_of
from ml.runtime.files import replacing
from ml.runtime.network import Network, name_of, read_checked
from ml.runtime.providers import Provider

FILE = "check.json"
TOLERANCE = 1e-4  # of each component; processors and libraries differ by 1e-6


@dataclass(frozen=True)
class FixedChips:
    """Content of `check.json`.

    Attributes:
        model_id: the model whose network it describes.
        digest: SHA-256 of `model.onnx`, in hexadecimal.
        chips: uint8 (2, size, size, channels).
        embeddings: float32 (2, d), of unit length, without flip augmentation.
    """

    model_id: str
    digest: str
    chips: Chips
    embeddings: Embeddings

    def write(self, folder: Path) -> None:
        """Write `check.json` into an artifact's folder."""
        table = {
            "model_id": self.model_id,
            "sha256": self.digest,
            "chips": [_png(chip) for chip in self.chips],
            "embeddings": [[round(float(x), 7) for x in row] for row in self.embeddings],
        }
        with replacing(folder / FILE) as temporary:
            temporary.write_text(json.dumps(table) + "\n")

    def agree_with(self, network: Network) -> bool:
        """Return whether a network embeds the chips as it did when it was converted."""
        # One at a time, as served: some networks take a batch of 1 only.
        found = np.concatenate([network(chip[None])[0] for chip in self.chips])
        if found.shape != self.embeddings.shape:
            return False
        return bool((np.abs(found - self.embeddings) <= TOLERANCE).all())  # never true of NaN


def read_network(artifact: Artifact) -> tuple[bytes, FixedChips]:
    """Read `model.onnx` and `check.json`, checked by model id and digest.

    Raises:
        ModelBroken: if a file is missing, damaged or of another model; the text names the remedy.
    """
    remedy = remedy_for(artifact)
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


def load_network(artifact: Artifact, provider: Provider = "cpu") -> Network:
    """Load the network of an artifact, after all checks, to be computed by a provider.

    Raises:
        ModelBroken: under the conditions of `read_network`, or if the embeddings of the fixed chips
            differ.
        ProviderMissing: if ONNX Runtime cannot use the provider.
    """
    content, check = read_network(artifact)
    file = f"{artifact.folder.name}/{NETWORK}"
    remedy = remedy_for(artifact)
    try:
        network = Network(content, file, provider)
        agreed = check.agree_with(network)
    except ModelBroken as error:
        raise ModelBroken(f"{error}. {remedy}") from error
    if not agreed:
        raise ModelBroken(f"{file} embeds its fixed chips differently than {FILE} says. {remedy}")
    return network


def remedy_for(artifact: Artifact) -> str:
    """Return how to restore the served files of an artifact."""
    name = artifact.folder.name
    if artifact.is_imported:
        return (
            "Restore it from a backup, or convert the original file again: "
            f"python -m ml convert onnx FILE --name {name} …"
        )
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


def _png(chip: Chip) -> str:
    return b64encode(cv2.imencode(".png", chip)[1].tobytes()).decode()


def _chip(text: str) -> Chip:
    """Return the pixels as they were encoded; OpenCV's channel order cancels out."""
    stored = np.frombuffer(b64decode(text, validate=True), np.uint8)
    pixels = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError("a chip is no PNG file")
    chip = np.asarray(pixels, np.uint8)
    return chip[..., None] if chip.ndim == 2 else chip
