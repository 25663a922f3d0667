"""Photos of the faces that actors show: real people, roughly in front view."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.arrays import Pixels
from ml.engine import Engine
from ml.errors import FaceError
from ml.faces.decode import decode
from ml.lab.evaluation.protocols.photos import photos_in
from ml.lab.liveness.simulation.surfaces import photo_frame


@dataclass(frozen=True)
class Selection:
    """Bounds of a usable photo, in degrees and pixels."""

    largest_yaw: float = 12.0
    largest_pitch: float = 14.0
    least_eye_distance: float = 30.0
    least_sharpness: float = 8.0


SELECTION = Selection()


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo of a person: its pixels, and the map (2, 3) from millimetres to pixels."""

    person: str
    rgb: Pixels
    frame: np.ndarray

    def at(self, across: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Sample the photo, (…, 3) float32, at positions in millimetres, (height, width) each."""
        # Python floats keep the arrays at single precision.
        (a, b, c), (d, e, f) = self.frame.tolist()
        return cv2.remap(
            self.rgb,
            a * across + b * along + c,
            d * across + e * along + f,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)


def portrait(
    engine: Engine, data: bytes, person: str, selection: Selection = SELECTION
) -> Portrait | None:
    """Return the portrait in a photo, or None if the face is not usable."""
    try:
        seen = engine.inspect(data)
    except FaceError:
        return None
    face, quality = seen.main, seen.quality
    if face is None or quality is None:
        return None
    usable = (
        abs(quality.yaw) <= selection.largest_yaw
        and abs(quality.pitch) <= selection.largest_pitch
        and face.eye_distance >= selection.least_eye_distance
        and quality.sharpness >= selection.least_sharpness
        and not set(quality.reasons) & {"too_dark", "too_bright", "blurred", "eyes_hidden"}
    )
    return Portrait(person, decode(data), photo_frame(face.landmarks)) if usable else None


def portraits(
    engine: Engine, folder: Path, most_a_person: int = 2, only: Container[str] | None = None
) -> list[Portrait]:
    """Return usable photos of everybody, or of the people in `only`, in a folder of people."""
    photos = photos_in(folder)
    found: list[Portrait] = []
    taken: dict[str, int] = {}
    for path in photos.paths:
        name = path.parent.name
        if taken.get(name, 0) >= most_a_person or (only is not None and name not in only):
            continue
        shown = portrait(engine, path.read_bytes(), name)
        if shown:
            taken[name] = taken.get(name, 0) + 1
            found.append(shown)
    return found
