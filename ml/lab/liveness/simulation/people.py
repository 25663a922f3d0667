"""People who follow prompts: with a delay, too little or too far, a little askew.

A model, not a measurement: half a second to react, half a second to 1.1 seconds to move. The other
numbers are estimates from watching people.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ml.lab.liveness.simulation.camera import Place
from ml.lab.liveness.simulation.movement import Mover, Tremor
from ml.liveness.challenge import COME_CLOSER, OPPOSITE, Step


@dataclass(frozen=True)
class Habits:
    """Movement habits of a person; times in seconds, angles in degrees.

    Attributes:
        reaction, reaction_spread: median of the reaction time, and spread of its logarithm.
        shortest, longest: duration of a movement.
        share: share of the prompted angle that a person aims at: the page's cue shows the nose,
            which moves by about 1.3 degrees for each degree of the head.
        overshoot, overshoot_spread: angle beyond that, and its spread.
        askew: spread of the other angles during a turn.
        patience: time until a person moves further because nothing happened.
        further: by how much.
        stopping: time until a person stops when the step is complete.
        mistakes: share of turns that start in the wrong direction.
        closer_overshoot: spread of the growth beyond the prompted one.
        largest: largest angle.
    """

    reaction: float = 0.5
    reaction_spread: float = 0.3
    shortest: float = 0.5
    longest: float = 1.1
    share: float = 0.8
    overshoot: float = 5.0
    overshoot_spread: float = 4.0
    askew: float = 3.0
    patience: float = 0.9
    further: float = 7.0
    stopping: float = 0.3
    mistakes: float = 0.01
    closer_overshoot: float = 0.06
    largest: float = 50.0


HABITS = Habits()


class Person:
    """A head in front of a camera that follows prompts."""

    def __init__(self, random: np.random.Generator, habits: Habits = HABITS) -> None:
        self._random = random
        self._habits = habits
        self.home = Place(
            yaw=random.normal(0, 3),
            pitch=random.normal(0, 3),
            roll=random.normal(0, 3),
            x=random.normal(0, 20),
            y=-35 + random.normal(0, 15),
            distance=random.uniform(400, 560),
        )
        self._mover = Mover(self.home, random, Tremor())
        self._step: Step | None = None
        self._wrong = False
        self._tries = 0
        self._stopped = False

    def prompt(self, step: Step | None, at: float) -> None:
        """Receive a prompt; None is to look straight ahead."""
        habits, random = self._habits, self._random
        self._step, self._tries, self._stopped = step, 0, False
        self._wrong = (
            step is not None and step.kind in OPPOSITE and random.random() < habits.mistakes
        )
        start = at + habits.reaction * float(np.exp(random.normal(0, habits.reaction_spread)))
        self._mover.send(start, self._seconds(), self._goal(step))

    def show_progress(self, share: float, at: float) -> None:
        """Receive the completed share of the step, and stop when it is complete."""
        if share < 1 or self._stopped or self._step is None:
            return
        self._stopped = True
        stop = at + self._habits.stopping
        if stop < self._mover.arrives:
            self._mover.send(stop, 0.2, self._mover.planned(stop + 0.05))

    def place(self, at: float) -> Place:
        """Return the pose of the head."""
        if self._step and at > self._mover.arrives + self._habits.patience:
            self._go_further(at)
        return self._mover.place(at)

    def _seconds(self) -> float:
        return float(self._random.uniform(self._habits.shortest, self._habits.longest))

    def _goal(self, step: Step | None) -> Place:
        random, habits = self._random, self._habits
        askew = random.normal(0, habits.askew, 3)
        home = self.home
        home = replace(
            home,
            yaw=home.yaw + askew[0],
            pitch=home.pitch + askew[1],
            roll=home.roll + askew[2],
        )
        if step is None:
            return home
        if step.kind == COME_CLOSER:
            growth = step.amount + abs(random.normal(0, habits.closer_overshoot))
            return replace(home, distance=self.home.distance / growth)
        angle = max(
            habits.share * step.amount + random.normal(habits.overshoot, habits.overshoot_spread),
            0.5 * step.amount,
        )
        kind = OPPOSITE[step.kind] if self._wrong else step.kind
        return _turned(home, kind, angle, self.home)

    def _go_further(self, at: float) -> None:
        step, goal = self._step, self._mover.goal()
        if step is None:
            return
        start, self._stopped = at + 0.1, False
        self._tries += 1
        further = self._habits.further * (self._tries if self._tries % 2 else -self._tries)
        if self._wrong:
            self._wrong = False
            self._mover.send(start, self._seconds(), self._goal(step))
        elif step.kind == COME_CLOSER:
            self._mover.send(start, 0.5, replace(goal, distance=goal.distance * 0.9))
        else:
            angle = abs(goal.yaw - self.home.yaw)
            if step.kind in ("turn_up", "turn_down"):
                angle = abs(goal.pitch - self.home.pitch)
            angle = min(max(angle + further, 5.0), self._habits.largest)
            self._mover.send(start, 0.5, _turned(goal, step.kind, angle, self.home))


def _turned(place: Place, kind: str, angle: float, home: Place) -> Place:
    if kind == "turn_left":
        return replace(place, yaw=home.yaw + angle)
    if kind == "turn_right":
        return replace(place, yaw=home.yaw - angle)
    if kind == "turn_up":
        return replace(place, pitch=home.pitch + angle)
    return replace(place, pitch=home.pitch - angle)
