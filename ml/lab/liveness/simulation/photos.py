"""The faces that are shown: real photos of people who look more or less straight ahead."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.engine import Engine
from ml.errors import FaceError
from ml.faces.decode import decode
from ml.lab.evaluation.protocols.photos import photos_in
from ml.lab.liveness.simulation.surfaces import photo_frame


@dataclass(frozen=True)
class Selection:
    """Which photos show enough of a face: degrees and pixels."""

    largest_yaw: float = 12.0
    largest_pitch: float = 14.0
    least_eye_distance: float = 30.0
    least_sharpness: float = 8.0


SELECTION = Selection()


@dataclass(frozen=True, eq=False)
class Portrait:
    """A photo of a person: its pixels, and the map (2, 3) from millimetres to them."""

    person: str
    rgb: np.ndarray
    frame: np.ndarray

    def at(self, across: np.ndarray, along: np.ndarray) -> np.ndarray:
        """The picture, (…, 3) float32, seen at places in millimetres, each (height, width)."""
        # as plain numbers, which leave arrays at single precision
        (a, b, c), (d, e, f) = self.frame.tolist()
        return cv2.remap(
            self.rgb,
            a * across + b * along + c,
            d * across + e * along + f,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)

    def mirrored(self) -> Portrait:
        """The same photo with left and right exchanged."""
        (a, b, c), (d, e, f) = self.frame
        frame = np.array([[a, -b, self.rgb.shape[1] - 1 - c], [-d, e, f]])
        return Portrait(self.person, np.ascontiguousarray(self.rgb[:, ::-1]), frame)


def portrait(
    engine: Engine, data: bytes, person: str, selection: Selection = SELECTION
) -> Portrait | None:
    """The face of a photo, or None if it shows too little of it."""
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
    """Usable photos of everybody, or of the people named, in a folder of one sub-folder each."""
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
