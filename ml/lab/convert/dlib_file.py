"""Reader of the trained tensors in a dlib network file, in the order of the forward pass.

dlib writes a network from the input layer outwards. An integer is one control byte (low four bits:
number of following bytes, top bit: negative) and little-endian bytes. A string is a length and
characters. A tensor is its version, its four extents and raw float32. Each layer begins with its
tag, so the reader walks from tag to tag. It skips the bytes of tensors, so that numbers are never
mistaken for a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

LAYER_TAG = re.compile(rb"\x01[\x03-\x10](con_4|affine_|fc_2)")
TENSOR_VERSION = 2
FC_SIZES = 2


class NotADlibNetwork(ValueError):
    """The bytes do not have the expected layout."""


@dataclass(frozen=True)
class Layer:
    """One layer with weights: `kind` is con, affine or fc; `values` is flat float32."""

    kind: str
    values: np.ndarray


def read_layers(data: bytes) -> Iterator[Layer]:
    """Yield the convolutions, affine and dense layers of a dlib network.

    Raises:
        NotADlibNetwork: if a tensor is not at the expected position.
    """
    position = 0
    while tag := LAYER_TAG.search(data, position):
        kind = tag.group(1).decode().split("_")[0]
        position = tag.end()
        if kind == "fc":
            for _ in range(FC_SIZES):
                _, position = _read_integer(data, position)
        values, position = _read_tensor(data, position)
        yield Layer(kind, values)


def _read_integer(data: bytes, position: int) -> tuple[int, int]:
    control = data[position]
    end = position + 1 + (control & 0x0F)
    value = int.from_bytes(data[position + 1 : end], "little")
    return (-value if control & 0x80 else value), end


def _read_tensor(data: bytes, position: int) -> tuple[np.ndarray, int]:
    version, position = _read_integer(data, position)
    if version != TENSOR_VERSION:
        raise NotADlibNetwork(f"tensor of version {version} at byte {position}")
    size = 1
    for _ in range(4):
        extent, position = _read_integer(data, position)
        size *= extent
    end = position + size * np.dtype("<f4").itemsize
    if size <= 0 or end > len(data):
        raise NotADlibNetwork(f"tensor of {size} numbers at byte {position}")
    return np.frombuffer(data[position:end], "<f4"), end
