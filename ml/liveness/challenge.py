"""Challenges: head movements, drawn at random for every attempt.

Left and right are the person's own. Order, angles and hold times are random, so that a recording of
another attempt does not fit. A flat picture can come closer as well as a head can, so every
challenge contains turns.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from ml.liveness.colour_reflection import COLOURS, DRAWN, draw_light

TURNS = ("turn_left", "turn_right", "turn_up", "turn_down")
COME_CLOSER = "come_closer"
STEPS = (*TURNS, COME_CLOSER)
OPPOSITE = {
    "turn_left": "turn_right",
    "turn_right": "turn_left",
    "turn_up": "turn_down",
    "turn_down": "turn_up",
}


@dataclass(frozen=True)
class Strength:
    """Difficulty of a challenge.

    Attributes:
        steps: number of movements.
        sideways: smallest and largest angle to the left or right, in degrees from straight ahead.
        upwards, downwards: the same for looking up and down.
        closer: smallest and largest factor by which the face has to grow.
        hold: shortest and longest time for which a movement is held, in seconds.
    """

    steps: int
    sideways: tuple[float, float]
    upwards: tuple[float, float]
    downwards: tuple[float, float]
    closer: tuple[float, float]
    hold: tuple[float, float]

    def amounts(self, kind: str) -> tuple[float, float]:
        """Return the smallest and largest amount of a step of this kind."""
        if kind == COME_CLOSER:
            return self.closer
        return {"turn_up": self.upwards, "turn_down": self.downwards}.get(kind, self.sideways)


STRENGTHS = {
    "gentle": Strength(2, (10.0, 13.0), (9.0, 12.0), (6.0, 8.0), (1.15, 1.25), (0.1, 0.3)),
    "normal": Strength(3, (11.0, 15.0), (9.0, 13.0), (6.0, 7.5), (1.20, 1.30), (0.1, 0.3)),
    "strict": Strength(4, (14.0, 19.0), (11.0, 16.0), (8.0, 11.0), (1.20, 1.40), (0.2, 0.6)),
}
# Bounds of stored challenges, independent of the strengths.
MOST_STEPS = 8
AMOUNTS = dict.fromkeys(TURNS, (1.0, 90.0)) | {COME_CLOSER: (1.01, 4.0)}
LONGEST_HOLD = 5.0  # seconds


@dataclass(frozen=True)
class Step:
    """One movement.

    Attributes:
        kind: one of `STEPS`.
        amount: degrees from straight ahead, or the factor by which the face grows.
        hold: time for which the movement is held, in seconds.
    """

    kind: str
    amount: float
    hold: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in STEPS:
            raise ValueError(f"unknown kind of step {self.kind!r}; known are {', '.join(STEPS)}")
        least, most = AMOUNTS[self.kind]
        if not least <= self.amount <= most:
            raise ValueError(f"{self.kind} by {self.amount}: expected {least} to {most}")
        if not 0 <= self.hold <= LONGEST_HOLD:
            raise ValueError(f"hold of {self.hold} s: expected 0 to {LONGEST_HOLD}")


@dataclass(frozen=True)
class Challenge:
    """Prompts of one attempt.

    Attributes:
        steps: the movements, in order.
        strength: the strength at which they were drawn.
        light: colours shown during the attempt, in order (`ml.liveness.colour_reflection`); empty
            without a light check.
    """

    steps: tuple[Step, ...]
    strength: str
    light: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise ValueError(f"{len(self.steps)} steps: expected 1 to {MOST_STEPS}")
        if self.strength not in STRENGTHS:
            raise _unknown_strength(self.strength)
        if len(self.light) > DRAWN or not set(self.light) <= set(COLOURS):
            raise ValueError(f"expected at most {DRAWN} colours of {', '.join(COLOURS)}")

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        steps = [asdict(step) for step in self.steps]
        value: dict[str, object] = {"strength": self.strength, "steps": steps}
        if self.light:
            value["light"] = list(self.light)
        return value

    @classmethod
    def from_dict(cls, value: object) -> Challenge:
        """Read the values of `to_dict`.

        Raises:
            ValueError: if the value has another form.
        """
        if not isinstance(value, Mapping) or set(value) - {"light"} != {"strength", "steps"}:
            raise ValueError("a challenge has a strength, steps and optionally light")
        steps, strength, light = value["steps"], value["strength"], value.get("light", [])
        if not isinstance(steps, list) or not isinstance(strength, str):
            raise ValueError("a challenge's steps are a list, its strength is a string")
        if not isinstance(light, list) or not all(isinstance(colour, str) for colour in light):
            raise ValueError("a challenge's light is a list of colours")
        return cls(tuple(_step(step) for step in steps), strength, tuple(light))


def draw_challenge(
    source: random.Random,
    strength: str = "normal",
    allowed: Collection[str] = STEPS,
    *,
    light: bool = False,
) -> Challenge:
    """Draw the prompts of one attempt.

    Args:
        source: source of randomness; `secrets.SystemRandom()` in production.
        strength: a name in `STRENGTHS`.
        allowed: kinds of movement that the person can do: at least two, one of them a turn. With
            fewer kinds than steps, kinds repeat.
        light: whether to show colours during the attempt.

    Raises:
        ValueError: if the strength is unknown, or too few kinds are allowed.
    """
    if strength not in STRENGTHS:
        raise _unknown_strength(strength)
    kinds = [kind for kind in STEPS if kind in allowed]
    if len(kinds) != len(set(allowed)) or len(kinds) < 2:
        raise ValueError("allow at least two kinds of steps, by their names")
    if not set(kinds) & set(TURNS):
        raise ValueError("allow at least one turn: only turns distinguish a head from a picture")
    bounds = STRENGTHS[strength]
    return Challenge(
        tuple(
            Step(kind, round(source.uniform(*bounds.amounts(kind)), 2), _hold(source, bounds))
            for kind in _order(source, kinds, bounds.steps)
        ),
        strength,
        draw_light(source) if light else (),
    )


def _order(source: random.Random, kinds: list[str], count: int) -> list[str]:
    """Return kinds in random order: no kind twice while others are left, never two in a row."""
    order: list[str] = []
    while len(order) < count:
        fresh = [kind for kind in kinds if kind not in order]
        order.append(source.choice(fresh or [kind for kind in kinds if kind != order[-1]]))
    return order


def _unknown_strength(strength: str) -> ValueError:
    return ValueError(f"unknown strength {strength!r}; known are {', '.join(STRENGTHS)}")


def _hold(source: random.Random, bounds: Strength) -> float:
    return round(source.uniform(*bounds.hold), 2)


def _step(value: object) -> Step:
    if not isinstance(value, Mapping) or set(value) != {"kind", "amount", "hold"}:
        raise ValueError("a step has a kind, an amount and a hold")
    kind, amount, hold = value["kind"], value["amount"], value["hold"]
    if not isinstance(kind, str) or not _is_number(amount) or not _is_number(hold):
        raise ValueError("a step's kind is a string, its amount and hold are numbers")
    return Step(kind, float(amount), float(hold))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
