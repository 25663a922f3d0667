"""Movement of a hand or a neck: smooth, with a tremor.

Movements follow the minimum-jerk profile (Flash and Hogan, 1985). The tremor is a sum of slow waves
and a function of time alone, so that a moment can be rendered twice.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from ml.lab.liveness.simulation.camera import Place

WAVES = 3


@dataclass(frozen=True)
class Tremor:
    """Standard deviations from the planned pose, in the units of `Place`."""

    yaw: float = 0.7
    pitch: float = 0.7
    roll: float = 0.6
    x: float = 2.0
    y: float = 2.0
    distance: float = 4.0


class Mover:
    """Something that has a pose at any time, and can be moved to another."""

    def __init__(self, start: Place, random: np.random.Generator, tremor: Tremor) -> None:
        self._random = random
        self._size = np.array(astuple(tremor)) * np.sqrt(2 / WAVES)
        self._rate = random.uniform(0.15, 1.1, (WAVES, 6))
        self._phase = random.uniform(0, 2 * np.pi, (WAVES, 6))
        self._moves: list[tuple[float, float, np.ndarray]] = []
        self._start = np.array(astuple(start))

    def send(self, at: float, seconds: float, goal: Place) -> None:
        """Move from the pose at time `at`, to arrive after `seconds`; drop later plans."""
        self._moves = [move for move in self._moves if move[0] < at]
        self._moves.append((at, seconds, np.array(astuple(goal))))

    @property
    def arrives(self) -> float:
        """Time at which the last movement ends."""
        return self._moves[-1][0] + self._moves[-1][1] if self._moves else 0.0

    def goal(self) -> Place:
        """Return the target of the last movement."""
        return Place(*(self._moves[-1][2] if self._moves else self._start))

    def planned(self, at: float) -> Place:
        """Return the planned pose at a time, without tremor."""
        return Place(*self._planned(at))

    def place(self, at: float) -> Place:
        """Return the pose at a time."""
        return Place(*(self._planned(at) + self._tremble(at)))

    def _planned(self, at: float) -> np.ndarray:
        here = self._start
        for index, (start, seconds, goal) in enumerate(self._moves):
            if at <= start:
                break
            end = self._moves[index + 1][0] if index + 1 < len(self._moves) else np.inf
            share = np.clip((min(at, end) - start) / seconds, 0, 1)
            here = here + (goal - here) * (10 * share**3 - 15 * share**4 + 6 * share**5)
        return here

    def _tremble(self, at: float) -> np.ndarray:
        waves = np.sin(2 * np.pi * self._rate * at + self._phase)
        return np.asarray(self._size * waves.sum(axis=0))
