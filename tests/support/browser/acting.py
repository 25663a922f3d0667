"""A camera whose simulated head reads the page's prompts and follows them.

The head is drawn beforehand, in steps from looking straight ahead to each movement. In the browser
a canvas replaces the camera. It shows the steps half a second after the page's prompt.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

import ml
from ml.lab.liveness.simulation.actors import LiveHead
from ml.lab.liveness.simulation.camera import Place
from ml.lab.liveness.simulation.photos import portrait
from ml.lab.liveness.simulation.rendering import Room
from tests.support import faces
from tests.support.performing import CAMERA, SENSOR

# A little beyond the normal movements: axis and degrees, and growth.
TURNS = {
    "turn_left": ("yaw", 17.0),
    "turn_right": ("yaw", -17.0),
    "turn_up": ("pitch", 16.0),
    "turn_down": ("pitch", -12.0),
}
CLOSER = 1.32
STEPS = 8
SIZE = (640, 480)
QUALITY = 88

SCRIPT = """
const POSES = %s;
const REACTION_MS = 450;
const STEP_MS = 90;
const PICTURES = Object.fromEntries(Object.entries(POSES).map(([kind, pictures]) => [
  kind,
  pictures.map((data) => Object.assign(new Image(), { src: `data:image/jpeg;base64,${data}` })),
]));

class Head {
  kind = "turn_left";
  step = 0;
  asked = "straight";
  since = 0;

  see(asked, now) {
    if (asked === this.asked) return;
    this.asked = asked;
    this.since = now;
  }

  move(now) {
    if (now - this.since < REACTION_MS) return;
    const wants = PICTURES[this.asked] ? this.asked : null;
    if (wants && this.step === 0) this.kind = wants;
    const isThere = this.kind === wants;
    const last = PICTURES[this.kind].length - 1;
    this.step = Math.min(last, Math.max(0, this.step + (isThere ? 1 : -1)));
  }

  get picture() {
    return PICTURES[this.kind][this.step];
  }
}

function act() {
  const canvas = document.createElement("canvas");
  canvas.width = %d;
  canvas.height = %d;
  const context = canvas.getContext("2d");
  const head = new Head();
  setInterval(() => {
    const now = performance.now();
    head.see(document.querySelector("[data-booth]")?.dataset.cue ?? "straight", now);
    head.move(now);
    const tremble = () => Math.random() * 1.2 - 0.6;
    context.drawImage(head.picture, tremble(), tremble(), canvas.width, canvas.height);
  }, STEP_MS);
  return canvas.captureStream(15);
}

if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia = async () => act();
"""


@dataclass
class Posed:
    """A head that holds a pose."""

    where: Place = field(default_factory=Place)

    def place(self, _at: float) -> Place:
        """Return where the head is."""
        return self.where


def camera(engine: ml.Engine, person: faces.Person) -> str:
    """Return a script that puts an acting head in place of the browser's camera."""
    random = np.random.default_rng(3)
    found = (portrait(engine, photo, person.name) for photo in person.photos)
    face = next(filter(None, found))  # the portrait that shows the face from the front
    posed = Posed()
    head = LiveHead((face,), Room.drawn(CAMERA, random, face), random, CAMERA, posed)

    def pictured(place: Place) -> str:
        posed.where = place
        rgb = SENSOR.picture(head.scene(0.0), random)
        bgr = cv2.resize(rgb, SIZE, interpolation=cv2.INTER_CUBIC)[:, :, ::-1]
        encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
        return b64encode(encoded.tobytes()).decode()

    drawn = {kind: [pictured(place) for place in way(kind)] for kind in (*TURNS, "come_closer")}
    return SCRIPT % (json.dumps(drawn), *SIZE)


def way(kind: str) -> list[Place]:
    """Return where the head is on its way from looking straight ahead to the end of a movement."""
    straight, shares = Place(), np.linspace(0, 1, STEPS).tolist()
    if kind == "come_closer":
        return [replace(straight, distance=straight.distance / CLOSER**share) for share in shares]
    axis, furthest = TURNS[kind]
    return [replace(straight, **{axis: share * furthest}) for share in shares]
