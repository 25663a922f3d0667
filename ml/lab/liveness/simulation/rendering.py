"""Room, light, lens and sensor: from a scene to the JPEG that a browser sends."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ml.arrays import Pixels
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.photos import Portrait


@dataclass(frozen=True, eq=False)
class Room:
    """Background and light of an attempt.

    Attributes:
        wall: float32 (height, width, 3).
        light: float32 (height, width, 3), factors.
    """

    wall: np.ndarray
    light: np.ndarray

    @classmethod
    def drawn(cls, camera: Camera, random: np.random.Generator, behind: Portrait) -> Room:
        """Draw a room: a blurred photo as wall, shoulders, and light from one side."""
        size = camera.width, camera.height
        small = cv2.resize(behind.rgb, (8, 6), interpolation=cv2.INTER_AREA)
        wall = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
        wall = np.clip(wall.astype(np.float32), 20, 235)
        y, x = np.mgrid[-1 : 1 : camera.height * 1j, -1 : 1 : camera.width * 1j]
        slope, angle = random.uniform(0, 0.25), random.uniform(0, 2 * np.pi)
        light = 1 + slope * (np.cos(angle) * x + np.sin(angle) * y)
        gain = random.uniform(0.8, 1.12)
        return cls(wall, np.repeat((gain * light)[..., None].astype(np.float32), 3, axis=2))

    def before(self, face: np.ndarray, opacity: np.ndarray) -> np.ndarray:
        """Return a face, float32 (height, width, 3), in front of the wall, lit."""
        return cv2.multiply(cv2.blendLinear(face, self.wall, opacity, 1 - opacity), self.light)

    def behind_a_head(self, camera: Camera, random: np.random.Generator) -> Room:
        """Add shoulders to the room."""
        wall = self.wall.copy()
        colour = tuple(float(value) for value in random.uniform(30, 200, 3))
        middle = camera.width // 2, int(camera.height * random.uniform(1.02, 1.1))
        cv2.ellipse(
            wall, middle, (int(camera.width * 0.36), camera.height // 4), 0, 0, 360, colour, -1
        )
        return Room(cv2.GaussianBlur(wall, (0, 0), 2), self.light)


@dataclass(frozen=True)
class Sensor:
    """A webcam: blur in pixels, noise in steps of 255, quality of its two compressions, 1 to 100.

    The stream from the camera and the upload are compressed separately.
    """

    blur: float
    noise: float
    stream_quality: int
    upload_quality: int

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Sensor:
        """Draw a typical webcam."""
        return cls(
            blur=random.uniform(0.3, 0.9),
            noise=random.uniform(1.0, 5.0),
            stream_quality=int(random.integers(60, 90)),
            upload_quality=int(random.integers(78, 92)),
        )

    def jpeg(self, scene: np.ndarray, random: np.random.Generator) -> bytes:
        """Return the JPEG that the server receives of a scene, float32 (height, width, 3) RGB."""
        return _encoded(self.picture(scene, random), self.upload_quality)

    def picture(self, scene: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return the picture that the browser receives from the camera, uint8 RGB."""
        seen = cv2.GaussianBlur(scene, (0, 0), self.blur)
        grain = random.standard_normal(
            (scene.shape[0] // 2 + 1, scene.shape[1] // 2 + 1, 3), np.float32
        )
        noise = cv2.resize(np.float32(1.6 * self.noise) * grain, scene.shape[1::-1])
        pixels = np.asarray(cv2.add(seen, noise, dtype=cv2.CV_8U), np.uint8)
        streamed = np.frombuffer(_encoded(pixels, self.stream_quality), np.uint8)
        return np.asarray(cv2.imdecode(streamed, cv2.IMREAD_COLOR_RGB))


def _encoded(rgb: Pixels, quality: int) -> bytes:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
