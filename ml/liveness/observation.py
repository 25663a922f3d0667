"""The stored observation of one frame, from which an attempt is judged, and judged again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.arrays import Embedding, Landmarks
from ml.faces.types import Box
from ml.liveness.pose_change import Shape

# Side of the small aligned grey face, by which frames are checked for continuity.
CHIP_SIDE = 24
# Side of the larger one, by which a flat picture is distinguished from a head.
CLOSE_UP_SIDE = 96
GreyFace = NDArray[np.uint8]  # (side, side), aligned
Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)
NOT_COUNTED = 0
# Fixed part of a stored observation; embedding and close-up follow, if there are any.
_RECORD = np.dtype(
    [
        *((name, "<i4") for name in ("number", "faces", "width", "height")),
        *((name, "<f8") for name in ("at", "confidence", "yaw", "pitch", "roll")),
        *((name, "<f8") for name in ("brightness", "sharpness", "relief")),
        ("box", "<f8", (4,)),
        *((name, "<f8", (3,)) for name in ("skin", "dark")),
        ("landmarks", "<f4", (5, 2)),
        ("chip", "u1", (CHIP_SIDE, CHIP_SIDE)),
        ("embedding_size", "<u2"),
        ("has_close_up", "?"),
    ]
)
_COMPONENT = np.dtype("<f4")  # of a stored embedding


@dataclass(frozen=True, eq=False)
class Observation:
    """The main face of one frame.

    Attributes:
        number: number of the frame among the observed ones, from 0.
        at: seconds since the challenge began, by the server's clock.
        faces: number of faces of comparable size in the frame; `NOT_COUNTED` while the face is
            tracked from the last frame.
        width, height: size of the frame, in pixels.
        box: x, y, width and height of the face, in pixels.
        landmarks: float32 (5, 2), in pixels.
        confidence: probability of a face by the detector, 0 to 1.
        chip: uint8 (24, 24), the aligned face in grey.
        yaw, pitch, roll: head pose from this frame alone, in degrees (`ml.faces.pose`). Like
            brightness and sharpness, 0 in frames after the frontal one, where nothing uses them.
        brightness: mean luminance of the face, 0 to 255.
        sharpness: fine detail of the face relative to its contrast, in percent.
        embedding: float32 (d,) of unit length, in frames that complete a step; else None.
        close_up: uint8 (96, 96), the aligned face in grey, in the frontal frame; else None.
        relief: homography residual of the change since the frontal frame, in percent of the eye
            distance (`ml.liveness.parallax`); 0 in frames where nothing uses it.
        skin, dark: mean red, green and blue, 0 to 255, of nose and cheeks, and of the face's
            darkest part (`ml.liveness.colour_reflection`); black without a light check.
    """

    number: int
    at: float
    faces: int
    width: int
    height: int
    box: Box
    landmarks: Landmarks
    confidence: float
    chip: GreyFace
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    brightness: float = 0.0
    sharpness: float = 0.0
    embedding: Embedding | None = None
    close_up: GreyFace | None = None
    relief: float = 0.0
    skin: Colour = BLACK
    dark: Colour = BLACK

    @cached_property
    def centre(self) -> tuple[float, float]:
        """Mean of the landmarks, in pixels."""
        points = self.landmarks.tolist()
        return sum(x for x, _ in points) / 5, sum(y for _, y in points) / 5

    @cached_property
    def shape(self) -> Shape:
        """Measures of the face that a turn changes."""
        return Shape.of(self.landmarks)

    @cached_property
    def look(self) -> NDArray[np.float32]:
        """The small grey face with zero mean and unit length; dot products are correlations."""
        grey = self.chip.astype(np.float32).ravel()
        grey -= grey.mean()
        return grey / np.float32(max(float(np.linalg.norm(grey)), 1e-6))

    def with_embedding(self, embedding: Embedding) -> Observation:
        """Return the observation with the embedding of its face."""
        return replace(self, embedding=embedding)

    def to_bytes(self) -> bytes:
        """Return the stored form. It is biometric: encrypt it, and delete it after the verdict."""
        embedding = b"" if self.embedding is None else self.embedding.astype(_COMPONENT).tobytes()
        close_up = b"" if self.close_up is None else self.close_up.tobytes()
        sizes = {
            "embedding_size": len(embedding) // _COMPONENT.itemsize,
            "has_close_up": bool(close_up),
        }
        values = tuple((vars(self) | sizes)[name] for name in _RECORD.names or ())
        return np.array(values, _RECORD).tobytes() + embedding + close_up

    @classmethod
    def from_bytes(cls, data: bytes) -> Observation:
        """Read the bytes of `to_bytes`.

        Raises:
            ValueError: if they have another form.
        """
        values = _fields(data)
        middle = _RECORD.itemsize + values.pop("embedding_size") * _COMPONENT.itemsize
        end = middle + CLOSE_UP_SIDE**2 * values.pop("has_close_up")
        if len(data) != end:
            raise ValueError(f"an observation of {len(data)} bytes: expected {end}")
        embedding = np.frombuffer(data[_RECORD.itemsize : middle], _COMPONENT)
        if not _finite(embedding):
            raise ValueError("an embedding has numbers that are not finite")
        close_up = np.frombuffer(data[middle:], np.uint8)
        return cls(
            **values,
            embedding=embedding if embedding.size else None,
            close_up=close_up.reshape(CLOSE_UP_SIDE, CLOSE_UP_SIDE) if close_up.size else None,
        )


def _fields(data: bytes) -> dict[str, Any]:
    """Return the fields of the fixed part."""
    if len(data) < _RECORD.itemsize:
        raise ValueError(
            f"an observation of {len(data)} bytes: expected {_RECORD.itemsize} or more"
        )
    record = np.frombuffer(data, _RECORD, 1)[0]
    values = dict(zip(_RECORD.names or (), record.item(), strict=True))
    values |= {name: tuple(values[name].tolist()) for name in ("box", "skin", "dark")}
    measures = [value for value in values.values() if isinstance(value, float)]
    measures += (*values["box"], *values["skin"], *values["dark"])
    if not all(map(math.isfinite, measures)) or not _finite(values["landmarks"]):
        raise ValueError("an observation has numbers that are not finite")
    return values


def _finite(numbers: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(numbers).all())
