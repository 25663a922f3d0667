"""A film on a screen that is held into the camera: what becomes of a replay without a program."""

from __future__ import annotations

import numpy as np

from ml.lab.liveness.simulation.attacks import Setting
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.pictures import HeldPicture, Holding
from ml.lab.liveness.simulation.recordings import Recording, Replay

HELD = Holding(screen=True)
FILMED_FROM_MM = 480.0


class ShownFilm(HeldPicture):
    """A screen in a hand that trembles; on it a film, in which the face has its natural size."""

    def __init__(self, at: Setting) -> None:
        super().__init__(at.shown, HELD, at.room, at.random, at.camera, at.other)
        self._film = Replay(
            Recording(at.shown, at.room, at.random, at.camera, at.strength), at.random
        )
        self._frame = _natural_size(at.camera)

    def scene(self, at: float) -> np.ndarray:
        """The picture of the film that is shown now, on the screen, in front of the room."""
        filmed = np.clip(self._film.scene(at), 0, 255).astype(np.uint8)
        self._photo = Portrait("", filmed, self._frame)
        return super().scene(at)


def _natural_size(camera: Camera) -> np.ndarray:
    """The map (2, 3) from mm on the screen to the film's pixels; the face as it was at home."""
    scale = camera.focal / FILMED_FROM_MM
    middle = (camera.width - 1) / 2, (camera.height - 1) / 2 - 35 * scale
    return np.array([[scale, 0, middle[0]], [0, scale, middle[1]]])
