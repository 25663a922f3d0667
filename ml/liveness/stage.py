"""Evaluation of the frames of one movement of a challenge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml.liveness.challenge import COME_CLOSER, OPPOSITE, TURNS, Step
from ml.liveness.continuity import discontinuity, turn_between
from ml.liveness.observation import Observation
from ml.liveness.pose_change import Shape, Turn

PEAK_FRAMES = 3
SMALLEST_RELIEF = 0.1  # percent; bounds the logarithm


@dataclass(frozen=True)
class ChallengeBounds:
    """Bounds of a frontal face, of a completed movement and of a failure.

    Attributes:
        neutral_frames: consecutive frames that look straight ahead and keep still.
        neutral_yaw, neutral_pitch, neutral_roll: largest angles of a frontal face, in degrees.
        neutral_drift: largest turn among these frames, in degrees.
        least_sharpness, darkest, brightest: bounds of these frames, as in `Quality`.
        least_share, largest_share: height of the face's box in these frames, as a share of the
            frame's shorter side.
        held_frames: fewest frames that reach the step's amount, unless it was a peak.
        held_share: share of the amount that has to be kept once it was reached.
        lost_frames: consecutive frames below that share after which it has to be reached again.
        near_share: share of the amount in the frames on both sides of a peak.
        relief_weight: weight of the relief's logarithm in the depth of a turned face.
        least_depth: smallest depth: weighted logarithm of the relief plus foreshortening. A flat
            picture has less relief than a head, and is tilted further for the same apparent turn.
            Both weights come from a logistic regression.
        longest_wait: time until the person looks straight ahead, in seconds.
        longest_step: time from prompt to completion, in seconds.
        longest_return: time after a prompt in which an earlier turn is tolerated, in seconds.
        wrong_turn: degrees of a turn that was not prompted.
        wrong_frames: consecutive frames with such a turn that count as another movement.
        wrong_share: increase of `wrong_turn` for each degree on the other axis, because nobody
            turns along one axis alone.
        wrong_growth: factor of a growth that was not prompted.
        fastest_reaction: time in which nobody can react to a prompt, in seconds.
        early_share, early_turn, early_growth: a movement within that time is no reaction if it
            exceeds this share of the amount and, in degrees or as a logarithm, this minimum.
        unasked_speed: degrees a second, in any direction, from the frame that completed a step to
            the next; a video that is cut to fit jumps there.
    """

    neutral_frames: int = 3
    neutral_yaw: float = 21.0
    neutral_pitch: float = 24.0
    neutral_roll: float = 20.0
    neutral_drift: float = 7.0
    least_sharpness: float = 5.0
    darkest: float = 45.0
    brightest: float = 225.0
    least_share: float = 0.22
    largest_share: float = 0.62
    held_frames: int = 2
    held_share: float = 0.7
    lost_frames: int = 2
    near_share: float = 0.8
    relief_weight: float = 0.35
    least_depth: float = 1.54
    longest_wait: float = 10.0
    longest_step: float = 8.0
    longest_return: float = 2.0
    wrong_turn: float = 17.0
    wrong_frames: int = 3
    wrong_share: float = 0.4
    wrong_growth: float = 1.17
    fastest_reaction: float = 0.25
    early_share: float = 0.4
    early_turn: float = 10.0
    early_growth: float = 0.12
    unasked_speed: float = 65.0


BOUNDS = ChallengeBounds()


@dataclass(frozen=True)
class _Outcome:
    completed_at: int | None
    share: float
    hint: str | None
    failure: str | None


@dataclass(frozen=True)
class _FrameTurn:
    """Turn in one frame, as a share of the step's amount.

    Attributes:
        turn: change from the frontal face.
        share: share of the step's amount.
        reaches: whether the frame reaches the amount, with the depth of a head.
        nearly: whether the frame reaches `near_share` of the amount.
    """

    turn: Turn
    share: float
    reaches: bool
    nearly: bool


@dataclass(frozen=True)
class Stage:
    """One step and the frames from that in which it was prompted."""

    before: tuple[Step, ...]
    step: Step
    neutral: Shape
    observations: Sequence[Observation]
    bounds: ChallengeBounds

    def run(self) -> _Outcome:
        """Return the index of the frame that completes the movement, or how far it has come."""
        turns, reached, below = [self._measured(self.observations[0])], None, 0
        for index, seen in enumerate(self.observations[1:], start=1):
            previous = self.observations[index - 1]
            now = self._measured(seen)
            turns.append(now)
            failure = discontinuity(previous, seen) or self._failure(seen, turns)
            if failure:
                return _Outcome(None, min(now.share, 1.0), None, failure)
            below = 0 if now.share >= self.bounds.held_share else below + 1
            if below >= self.bounds.lost_frames:
                reached = None
            if now.reaches and reached is None:
                reached = index
            held = reached is not None and self._held(turns, reached, index)
            if held or self._peaked(turns, index):
                return _Outcome(index, 1.0, None, None)
        hint = None if reached is None else "hold"
        return _Outcome(None, min(turns[-1].share, 1.0), hint, None)

    def _measured(self, seen: Observation) -> _FrameTurn:
        turn = Turn.between(self.neutral, seen.shape)
        share = self._share(turn)
        reaches = share >= 1 and self._deep_enough(seen, turn)
        return _FrameTurn(turn, share, reaches, nearly=share >= self.bounds.near_share)

    def _held(self, turns: Sequence[_FrameTurn], reached: int, index: int) -> bool:
        """Return whether enough frames since `reached` reach the amount, including the last."""
        seconds = self.observations[index].at - self.observations[reached].at
        count = sum(each.reaches for each in turns[reached : index + 1])
        return (
            turns[index].reaches and count >= self.bounds.held_frames and seconds >= self.step.hold
        )

    def _peaked(self, turns: Sequence[_FrameTurn], index: int) -> bool:
        """Return whether the previous frame was a peak: the middle one of three near the amount."""
        around = turns[max(index - 2, 0) : index + 1]
        seconds = self.observations[index].at - self.observations[max(index - 2, 0)].at
        return (
            len(around) == PEAK_FRAMES
            and around[1].reaches
            and all(each.nearly for each in around)
            and seconds >= self.step.hold
        )

    def _share(self, turn: Turn) -> float:
        """Return the completed share of the step's amount, from 0 to well above 1."""
        done, whole = turn.towards(self.step.kind), self.step.amount
        if self.step.kind == COME_CLOSER:
            done, whole = done - 1, whole - 1
        return max(done / whole, 0.0)

    def _deep_enough(self, seen: Observation, turn: Turn) -> bool:
        """Return whether a turned face has the depth of a head; true for a growing face."""
        if self.step.kind == COME_CLOSER:
            return True
        relief = self.bounds.relief_weight * math.log(max(seen.relief, SMALLEST_RELIEF))
        return relief + turn.foreshortening(self.step.kind) >= self.bounds.least_depth

    def _failure(self, seen: Observation, turns: Sequence[_FrameTurn]) -> str | None:
        if seen.faces > 1:
            return "several_faces"
        seconds = seen.at - self.observations[0].at
        if seconds > self.bounds.longest_step:
            return "too_slow"
        if seconds < self.bounds.fastest_reaction and self._early(seen, turns[-1].turn):
            return "too_soon"
        if len(turns) == 2 and self._unprompted(seen, seconds):
            return "too_soon"
        last = turns[-self.bounds.wrong_frames :]
        wrong = all(self._other_movement(each.turn, seconds) for each in last)
        return "other_movement" if wrong and len(last) == self.bounds.wrong_frames else None

    def _early(self, seen: Observation, turn: Turn) -> bool:
        """Return whether the movement began before a reaction; a return to frontal is none."""
        kind, bounds = self.step.kind, self.bounds
        since = Turn.between(self.observations[0].shape, seen.shape).towards(kind)
        done = min(since, turn.towards(kind))
        if kind == COME_CLOSER:
            return done > 1 + max(bounds.early_share * (self.step.amount - 1), bounds.early_growth)
        return done > max(bounds.early_share * self.step.amount, bounds.early_turn)

    def _unprompted(self, seen: Observation, seconds: float) -> bool:
        """Return whether the head jumped in the first frame after the prompt."""
        turn = turn_between(self.observations[0].shape, seen.shape)
        return turn > self.bounds.unasked_speed * max(seconds, self.bounds.fastest_reaction)

    def _other_movement(self, turn: Turn, seconds: float) -> bool:
        """Return whether a movement was not prompted and is not the return from an earlier one.

        The opposite direction is tolerated: people confuse left and right, and correct themselves.
        """
        done = {self.step.kind, *(step.kind for step in self.before)}
        if COME_CLOSER not in done and turn.growth > self.bounds.wrong_growth:
            return True
        if max(abs(turn.yaw), abs(turn.pitch)) <= self.bounds.wrong_turn:
            return False
        expected = done if seconds < self.bounds.longest_return else {self.step.kind}
        others = set(TURNS) - expected - {OPPOSITE.get(self.step.kind)}
        return any(self._far(turn, kind) for kind in others)

    def _far(self, turn: Turn, kind: str) -> bool:
        other_axis = turn.pitch if kind in ("turn_left", "turn_right") else turn.yaw
        bound = self.bounds.wrong_turn + self.bounds.wrong_share * abs(other_axis)
        return turn.towards(kind) > bound
