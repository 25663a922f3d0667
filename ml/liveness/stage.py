"""One movement of a challenge: how far its frames have come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml.liveness.challenge import COME_CLOSER, OPPOSITE, TURNS, Step
from ml.liveness.continuity import discontinuity, turn_between
from ml.liveness.observation import Observation
from ml.liveness.pose_change import Shape, Turn

PEAK_FRAMES = 3


SMALLEST_RELIEF = 0.1


@dataclass(frozen=True)
class ChallengeBounds:
    """What counts as straight ahead, as reached, and as something else.

    Attributes:
        neutral_frames: looking straight ahead and still, one after the other.
        neutral_yaw, neutral_pitch, neutral_roll: largest angles of a face that looks straight
            ahead, in degrees.
        neutral_drift: largest turn among these frames, in degrees.
        least_sharpness, darkest, brightest: of the face in these frames, as in `Quality`.
        least_share, largest_share: height of the face's box in these frames, as a share of the
            frame's shorter side.
        held_frames: fewest frames in which a step is seen reached; fewer where it was a peak.
        held_share: of a step's amount, once it was reached.
        lost_frames: in a row under that share, from which on it is to be reached anew.
        near_share: of a step's amount, in the frames on both sides of a peak.
        least_depth: of a turned face, by its relief's logarithm, times `relief_weight`, and its
            foreshortening, together. A flat picture has less relief than a head, and is tilted
            further to look as if turned as far. Weighed by logistic regression.
        longest_wait: for straight ahead, in seconds.
        longest_step: from instruction to reached and held, in seconds.
        longest_return: seconds after an instruction in which a head may still be turned as it was
            asked for earlier.
        wrong_turn: degrees of a turn that was not asked for.
        wrong_frames: so many in a row with such a turn are another movement.
        wrong_share: what is added to it for each degree on the other axis: nobody turns along one
            axis alone.
        wrong_growth: factor of growth that was not asked for.
        fastest_reaction: seconds in which nobody can have followed an instruction yet.
        early_share, early_turn, early_growth: movement that way within that time, as a share of the
            amount, and at least in degrees or as a logarithm, that betrays it was not a reaction.
        unasked_speed: degrees a second, whichever way, from the frame with which a movement was
            done to the next; a film that is cut to fit jumps there.
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
class _End:
    mark: int | None
    share: float
    hint: str | None
    failure: str | None


@dataclass(frozen=True)
class _Look:
    """One frame of a step: the turn, how much of the step it is, whether it counts, or nearly."""

    turn: Turn
    share: float
    counts: bool
    nearly: bool


@dataclass(frozen=True)
class Stage:
    """One step, from the frame with which its instruction became known."""

    before: tuple[Step, ...]
    step: Step
    neutral: Shape
    observations: Sequence[Observation]
    bounds: ChallengeBounds

    def run(self) -> _End:
        """Return where the movement ended, and what ended it."""
        looks, reached, under = [self._look(self.observations[0])], None, 0
        for index, seen in enumerate(self.observations[1:], start=1):
            previous = self.observations[index - 1]
            now = self._look(seen)
            looks.append(now)
            failure = discontinuity(previous, seen) or self._failure(seen, looks)
            if failure:
                return _End(None, min(now.share, 1.0), None, failure)
            under = 0 if now.share >= self.bounds.held_share else under + 1
            if under >= self.bounds.lost_frames:
                reached = None
            if now.counts and reached is None:
                reached = index
            held = reached is not None and self._held(looks, reached, index)
            if held or self._peaked(looks, index):
                return _End(index, 1.0, None, None)
        hint = None if reached is None else "hold"
        return _End(None, min(looks[-1].share, 1.0), hint, None)

    def _look(self, seen: Observation) -> _Look:
        turn = Turn.between(self.neutral, seen.shape)
        share = self._share(turn)
        counts = share >= 1 and self._deep_enough(seen, turn)
        return _Look(turn, share, counts, nearly=share >= self.bounds.near_share)

    def _held(self, looks: Sequence[_Look], reached: int, index: int) -> bool:
        """Whether enough frames since it was reached count, the last of them among these."""
        seconds = self.observations[index].at - self.observations[reached].at
        count = sum(look.counts for look in looks[reached : index + 1])
        return (
            looks[index].counts and count >= self.bounds.held_frames and seconds >= self.step.hold
        )

    def _peaked(self, looks: Sequence[_Look], index: int) -> bool:
        """Whether the frame before was the peak of a movement: the one that counts of three."""
        around = looks[max(index - 2, 0) : index + 1]
        seconds = self.observations[index].at - self.observations[max(index - 2, 0)].at
        return (
            len(around) == PEAK_FRAMES
            and around[1].counts
            and all(look.nearly for look in around)
            and seconds >= self.step.hold
        )

    def _share(self, turn: Turn) -> float:
        """How much of the step's amount is done, from 0 to well above 1."""
        done, whole = turn.towards(self.step.kind), self.step.amount
        if self.step.kind == COME_CLOSER:
            done, whole = done - 1, whole - 1
        return max(done / whole, 0.0)

    def _deep_enough(self, seen: Observation, turn: Turn) -> bool:
        """Whether what is turned is as deep as a head; of what only comes closer it isn't asked."""
        if self.step.kind == COME_CLOSER:
            return True
        relief = self.bounds.relief_weight * math.log(max(seen.relief, SMALLEST_RELIEF))
        return relief + turn.foreshortening(self.step.kind) >= self.bounds.least_depth

    def _failure(self, seen: Observation, looks: Sequence[_Look]) -> str | None:
        if seen.faces > 1:
            return "several_faces"
        seconds = seen.at - self.observations[0].at
        if seconds > self.bounds.longest_step:
            return "too_slow"
        if seconds < self.bounds.fastest_reaction and self._early(seen, looks[-1].turn):
            return "too_soon"
        if len(looks) == 2 and self._unasked(seen, seconds):
            return "too_soon"
        last = looks[-self.bounds.wrong_frames :]
        wrong = all(self._other_movement(look.turn, seconds) for look in last)
        return "other_movement" if wrong and len(last) == self.bounds.wrong_frames else None

    def _early(self, seen: Observation, turn: Turn) -> bool:
        """Whether the step was begun already; swinging back to straight ahead is no beginning."""
        kind, bounds = self.step.kind, self.bounds
        since = Turn.between(self.observations[0].shape, seen.shape).towards(kind)
        done = min(since, turn.towards(kind))
        if kind == COME_CLOSER:
            return done > 1 + max(bounds.early_share * (self.step.amount - 1), bounds.early_growth)
        return done > max(bounds.early_share * self.step.amount, bounds.early_turn)

    def _unasked(self, seen: Observation, seconds: float) -> bool:
        """Whether the head is elsewhere already in the frame after the instruction."""
        turn = turn_between(self.observations[0].shape, seen.shape)
        return turn > self.bounds.unasked_speed * max(seconds, self.bounds.fastest_reaction)

    def _other_movement(self, turn: Turn, seconds: float) -> bool:
        """Whether a movement is seen that is not asked for, and does not end an earlier one.

        Left for right, or up for down, is a mistake that people make, and mend.
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
        beside = turn.pitch if kind in ("turn_left", "turn_right") else turn.yaw
        bound = self.bounds.wrong_turn + self.bounds.wrong_share * abs(beside)
        return turn.towards(kind) > bound
