"""Performers in front of a camera for tests: a simulated head, and a still photo of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from random import Random
from unittest.mock import patch
from uuid import UUID

import numpy as np

import ml
from ml.lab.liveness.simulation.actors import HEAD_STEPS, Actor, LiveHead
from ml.lab.liveness.simulation.camera import Camera, Place, look
from ml.lab.liveness.simulation.light import Glow, Lighting, Lit, LitRoom
from ml.lab.liveness.simulation.people import Habits, Person
from ml.lab.liveness.simulation.photos import Portrait, portrait
from ml.lab.liveness.simulation.pictures import HOLDINGS, HeldPicture
from ml.lab.liveness.simulation.rendering import Room, Sensor
from ml.lab.liveness.simulation.surfaces import HeadShape, head
from tests.support import faces
from tests.support.changed import changed
from tests.support.fake_engine import FakeEngine, picture
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Challenge, Purpose
from webapp.db.transactions import unit_of_work
from webapp.services.liveness import challenges
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.services.liveness.drawn import DrawnChallenge
from webapp.services.liveness.prompts import DONE
from webapp.settings import Settings

# A person who follows every prompt immediately and without mistakes.
CALM = Habits(reaction_spread=0.0, shortest=0.7, longest=0.8, overshoot_spread=0.0, mistakes=0.0)
CAMERA = Camera()
INDOORS = Lighting(
    share=0.12, mirrored=0.0, latency=0.1, balance=0.5, balance_seconds=2.0, wander=0.01
)
HOLDER = "session of the test"
FRAME_SECONDS = 0.2
SENSOR = Sensor(blur=0.4, noise=1.0, stream_quality=85, upload_quality=85)


@dataclass
class Performer:
    """An actor and the camera; with a glow, the page's light reaches the actor."""

    actor: Actor
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))
    glow: Glow = field(default_factory=Glow)

    def prompt(self, step: ml.Step | None, at: float) -> None:
        """Receive a prompt; None is to look straight ahead."""
        self.actor.prompt(step, at)

    def frame(self, at: float) -> bytes:
        """Return the camera's frame `at` seconds after the beginning."""
        return SENSOR.jpeg(self.actor.scene(at), self.random)


@dataclass
class Stated:
    """A performer for the fake engine: each frame states the person."""

    picture: bytes
    glow: Glow = field(default_factory=Glow)

    def prompt(self, step: ml.Step | None, at: float) -> None:
        """Complete every movement immediately."""

    def frame(self, at: float) -> bytes:
        """Return the camera's frame."""
        return self.picture


def live(engine: ml.Engine, person: int = 0) -> Performer | Stated:
    """Return a live person, without the page's light."""
    if isinstance(engine, FakeEngine):
        return Stated(picture(person))
    random, photo = np.random.default_rng(3), front(engine, person)
    room = Room.drawn(CAMERA, random, photo)
    return Performer(LiveHead((photo,), room, random, CAMERA, Person(random, CALM)))


def lit(engine: ml.Engine, person: int = 0) -> Performer:
    """Return a live person in the light of the page."""
    random, photo, glow = np.random.default_rng(3), front(engine, person), Glow()
    room = LitRoom.of(Room.drawn(CAMERA, random, photo), glow, INDOORS, random, head=True)
    actor = LiveHead((photo,), room, random, CAMERA, Person(random, CALM))
    return Performer(Lit(actor, glow, INDOORS, mirrors=False), glow=glow)


def photo(engine: ml.Engine, person: int = 0) -> Performer | Stated:
    """Return a photo of the person, held and tilted in front of the camera."""
    if isinstance(engine, FakeEngine):
        return Stated(picture(person, failed=True))
    random, held = np.random.default_rng(3), front(engine, person)
    room = Room.drawn(CAMERA, random, held)
    return Performer(HeldPicture(held, HOLDINGS["tilted"], room, random, CAMERA, held))


def turned(engine: ml.Engine) -> bytes:
    """Photograph a head that is turned towards the picture's right.

    Its nose is long: five landmarks show the turn by little else, and a head that is turned further
    is not found.
    """
    camera, random, face = Camera(648, 486, 534.0), np.random.default_rng(3), front(engine, 1)
    room = Room.drawn(camera, random, face).behind_a_head(camera, random)
    view = look(camera, Place(yaw=30.0), head(HeadShape(nose=4.5)), HEAD_STEPS)
    scene = room.before(face.at(view.across, view.along), view.opacity)
    return SENSOR.jpeg(scene, random)


@cache
def front(engine: ml.Engine, person: int) -> Portrait:
    """Return the face of a person in front view, as a texture for simulated heads."""
    found = portrait(engine, faces.people()[person].photos[0], str(person))
    assert found, "this person's first photo does not show the face from the front"
    return found


def set_clock(challenge_id: UUID, seconds: float) -> None:
    """Set the time since the challenge began, in seconds."""
    with unit_of_work() as session:
        row = session.get(Challenge, challenge_id, populate_existing=True)
        begun = challenges.now() - timedelta(seconds=seconds)
        row.created_at, row.expires_at = begun, begun + timedelta(seconds=CHALLENGE_LIMITS.seconds)


@contextmanager
def clock_at(challenge_id: UUID, seconds: float) -> Iterator[None]:
    """Stop the clock of challenges at a number of seconds after this one began."""
    db.session.rollback()
    moment = db.session.get(Challenge, challenge_id).created_at + timedelta(seconds=seconds)
    with patch.object(challenges, "now", lambda: moment):
        yield


def drawn(challenge_id: UUID) -> ml.Challenge:
    return DrawnChallenge.of(db.session.get(Challenge, challenge_id)).challenge


def perform(
    performer: Performer | Stated,
    identifier: str = "ada",
    holder: str = HOLDER,
    purpose: Purpose = Purpose.VERIFY,
) -> UUID:
    """Perform a challenge to its end, whatever the verdict."""
    begun = challenges.begin(identifier, holder, SERVER, purpose)
    steps, asked, at = drawn(begun.id).steps, begun.asked, 0.0
    performer.prompt(None, at)
    performer.glow.show(asked.light, at)
    while asked.instruction != DONE:
        at += FRAME_SECONDS
        before, frame = asked.step, performer.frame(at)
        with clock_at(begun.id, at):
            asked = challenges.see(begun.id, holder, asked.frame, frame, SERVER)
        performer.glow.show(asked.light, at)
        if asked.step > before:
            performer.prompt(steps[asked.step - 1], at)
    return begun.id


def always_alike(settings: Settings) -> Settings:
    """Return settings by which every challenge is the same."""
    return changed(settings, chance=partial(Random, 1))
