"""What a person is asked to do: a few movements of the head, drawn anew for every attempt.

Left and right are the person's own. Order, angles and hold times are random, so that a recording of
another attempt does not fit. Coming closer says nothing against a flat picture, so every challenge
holds turns as well.
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
    """How much is asked.

    Attributes:
        steps: how many movements.
        sideways: least and largest angle to the left or right, in degrees from straight ahead.
        upwards, downwards: the same for looking up and down.
        closer: least and largest factor by which the face has to grow.
        hold: least and longest time for which a movement is held, in seconds.
    """

    steps: int
    sideways: tuple[float, float]
    upwards: tuple[float, float]
    downwards: tuple[float, float]
    closer: tuple[float, float]
    hold: tuple[float, float]

    def amounts(self, kind: str) -> tuple[float, float]:
        """Bounds of a step's amount."""
        if kind == COME_CLOSER:
            return self.closer
        return {"turn_up": self.upwards, "turn_down": self.downwards}.get(kind, self.sideways)


STRENGTHS = {
    "gentle": Strength(2, (10.0, 13.0), (9.0, 12.0), (6.0, 8.0), (1.15, 1.25), (0.1, 0.3)),
    "normal": Strength(3, (11.0, 15.0), (9.0, 13.0), (6.0, 7.5), (1.20, 1.30), (0.1, 0.3)),
    "strict": Strength(4, (14.0, 19.0), (11.0, 16.0), (8.0, 11.0), (1.20, 1.40), (0.2, 0.6)),
}
# What a challenge may hold at all, whatever the strengths say: bounds of what is read back.
MOST_STEPS = 8
AMOUNTS = dict.fromkeys(TURNS, (1.0, 90.0)) | {COME_CLOSER: (1.01, 4.0)}
LONGEST_HOLD = 5.0  # seconds


@dataclass(frozen=True)
class Step:
    """One movement.

    Attributes:
        kind: one of `STEPS`.
        amount: degrees from straight ahead, or by which factor the face grows.
        hold: for how long, in seconds.
    """

    kind: str
    amount: float
    hold: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in STEPS:
            raise ValueError(f"no step is called {self.kind!r}")
        least, most = AMOUNTS[self.kind]
        if not least <= self.amount <= most:
            raise ValueError(f"{self.kind} by {self.amount}: expected {least} to {most}")
        if not 0 <= self.hold <= LONGEST_HOLD:
            raise ValueError(f"held for {self.hold} s: expected 0 to {LONGEST_HOLD}")


@dataclass(frozen=True)
class Challenge:
    """What is asked for in one attempt.

    Attributes:
        steps: the movements in order.
        strength: at which they were drawn.
        light: the colours to show meanwhile, in order (`ml.liveness.colour_reflection`); none
            where no light is asked for.
    """

    steps: tuple[Step, ...]
    strength: str
    light: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.steps) <= MOST_STEPS:
            raise ValueError(f"{len(self.steps)} steps: expected 1 to {MOST_STEPS}")
        if self.strength not in STRENGTHS:
            raise ValueError(f"no strength is called {self.strength!r}")
        if len(self.light) > DRAWN or not set(self.light) <= set(COLOURS):
            raise ValueError(f"expected at most {DRAWN} colours of {', '.join(COLOURS)}")

    def to_dict(self) -> dict[str, object]:
        """As JSON can hold it."""
        steps = [asdict(step) for step in self.steps]
        value: dict[str, object] = {"strength": self.strength, "steps": steps}
        if self.light:
            value["light"] = list(self.light)
        return value

    @classmethod
    def from_dict(cls, value: object) -> Challenge:
        """Read what `to_dict` made.

        Raises:
            ValueError: if it is anything else.
        """
        if not isinstance(value, Mapping) or set(value) - {"light"} != {"strength", "steps"}:
            raise ValueError("a challenge has a strength and steps, and light if it is asked for")
        steps, strength, light = value["steps"], value["strength"], value.get("light", [])
        if not isinstance(steps, list) or not isinstance(strength, str):
            raise ValueError("a challenge's steps are a list, its strength is a word")
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
    """Draw what is asked for in one attempt.

    Args:
        source: of randomness; `secrets.SystemRandom()` where it matters.
        strength: a name in `STRENGTHS`.
        allowed: the kinds to draw from, for people who can't do all of them. At least two kinds,
            one of them a turn; with fewer kinds than steps, some come twice.
        light: whether colours are shown meanwhile.

    Raises:
        ValueError: if the strength is unknown or too little is allowed.
    """
    if strength not in STRENGTHS:
        raise ValueError(f"no strength is called {strength!r}")
    kinds = [kind for kind in STEPS if kind in allowed]
    if len(kinds) != len(set(allowed)) or len(kinds) < 2:
        raise ValueError("allow at least two kinds of steps, by their names")
    if not set(kinds) & set(TURNS):
        raise ValueError("allow at least one turn: nothing else tells a head from a picture")
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
    """Kinds in a random order: none twice while there are others, none right after itself."""
    order: list[str] = []
    while len(order) < count:
        fresh = [kind for kind in kinds if kind not in order]
        order.append(source.choice(fresh or [kind for kind in kinds if kind != order[-1]]))
    return order


def _hold(source: random.Random, bounds: Strength) -> float:
    return round(source.uniform(*bounds.hold), 2)


def _step(value: object) -> Step:
    if not isinstance(value, Mapping) or set(value) != {"kind", "amount", "hold"}:
        raise ValueError("a step has a kind, an amount and a hold")
    kind, amount, hold = value["kind"], value["amount"], value["hold"]
    if not isinstance(kind, str) or not _is_number(amount) or not _is_number(hold):
        raise ValueError("a step's kind is a word, its amount and hold are numbers")
    return Step(kind, float(amount), float(hold))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
