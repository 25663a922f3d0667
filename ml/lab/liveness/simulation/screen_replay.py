"""A replay on a screen that is held in front of the camera."""

from __future__ import annotations

import numpy as np

from ml.lab.liveness.simulation.attacks import Setting
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.pictures import HeldPicture, Holding
from ml.lab.liveness.simulation.recordings import Recording, Replay

HELD = Holding(screen=True)
FILMED_FROM_MM = 480.0


class ScreenReplay(HeldPicture):
    """A screen in a trembling hand; its video shows the face at natural size."""

    def __init__(self, at: Setting) -> None:
        super().__init__(at.shown, HELD, at.room, at.random, at.camera, at.other)
        self._film = Replay(
            Recording(at.shown, at.room, at.random, at.camera, at.strength), at.random
        )
        self._frame = _natural_size(at.camera)

    def scene(self, at: float) -> np.ndarray:
        """Return the current picture of the video on the screen, in front of the room."""
        filmed = np.clip(self._film.scene(at), 0, 255).astype(np.uint8)
        self._photo = Portrait("", filmed, self._frame)
        return super().scene(at)


def _natural_size(camera: Camera) -> np.ndarray:
    """Return the map (2, 3) from mm on the screen to the video's pixels, at natural size."""
    scale = camera.focal / FILMED_FROM_MM
    middle = (camera.width - 1) / 2, (camera.height - 1) / 2 - 35 * scale
    return np.array([[scale, 0, middle[0]], [0, scale, middle[1]]])
