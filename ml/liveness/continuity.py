"""Continuity of frames: heads move at bounded speed and keep their identity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ml.liveness.observation import Observation
from ml.liveness.pose_change import Shape, Turn


@dataclass(frozen=True)
class MotionBounds:
    """Largest changes of a head in front of a camera between two frames.

    Attributes:
        longest_gap: time between frames, in seconds.
        turn_speed: degrees a second, on top of `turn_slack`.
        turn_slack: allowance for noise, in degrees.
        largest_turn: degrees between two frames, whatever their distance in time.
        shift_speed: shift of the face in the frame, in face heights (eyes to mouth) a second.
        shift_slack: allowance for noise, in face heights.
        growth_speed: change of the size's natural logarithm, a second.
        growth_slack: allowance for noise, as a logarithm.
        calm_turn: degrees between two frames up to which the faces have to look alike.
        least_likeness: smallest correlation of their small grey faces.
    """

    longest_gap: float = 1.5
    turn_speed: float = 200.0
    turn_slack: float = 10.0
    largest_turn: float = 60.0
    shift_speed: float = 4.0
    shift_slack: float = 0.4
    growth_speed: float = 1.2
    growth_slack: float = 0.10
    calm_turn: float = 8.0
    least_likeness: float = 0.5


BOUNDS = MotionBounds()


def discontinuity(
    before: Observation, after: Observation, bounds: MotionBounds = BOUNDS
) -> str | None:
    """Return why `after` cannot show the same head a moment later, or None.

    Returns:
        "gap" (too late), "jump" (turned too fast), "shift" (moved too fast), "growth" (grew or
        shrank too fast), "likeness" (looks different), or None.
    """
    seconds = after.at - before.at
    if not 0 < seconds <= bounds.longest_gap:
        return "gap"
    first, second = before.shape, after.shape
    turn = turn_between(first, second)
    fastest = bounds.turn_speed * seconds + bounds.turn_slack
    if turn > min(fastest, bounds.largest_turn):
        return "jump"
    shift = math.dist(before.centre, after.centre) / first.height
    if shift > bounds.shift_speed * seconds + bounds.shift_slack:
        return "shift"
    ratios = second.eyes / first.eyes, second.height / first.height
    growth = min(abs(math.log(ratio)) for ratio in ratios)
    if growth > bounds.growth_speed * seconds + bounds.growth_slack:
        return "growth"
    if turn <= bounds.calm_turn and likeness(before, after) < bounds.least_likeness:
        return "likeness"
    return None


def turn_between(first: Shape, second: Shape) -> float:
    """Return the angle between two poses of a head, in degrees."""
    turn = Turn.between(first, second)
    return math.hypot(turn.yaw, turn.pitch)


def likeness(a: Observation, b: Observation) -> float:
    """Return the correlation of the small grey faces of two frames, −1 to 1."""
    return float(a.look @ b.look)
