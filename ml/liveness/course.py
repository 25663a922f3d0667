"""The state machine of a challenge: how far its frames have come, and what ended it.

    straight ahead ──still, frontal, alone──▶ step 1 ──reached and held──▶ step 2 … ──▶ done
          │                                    │
          └──too long──▶ failed ◀──too long, another movement, before it was asked, a break──┘

It is computed from the observations alone, so that what a person is shown and what is judged cannot
differ. An instruction is known from the frame on with which the one before was done.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ml.liveness.challenge import COME_CLOSER, TURNS, Challenge, Step
from ml.liveness.geometry import Shape, Turn
from ml.liveness.motion import break_between
from ml.liveness.observation import Observation


@dataclass(frozen=True)
class CourseBounds:
    """What counts as straight ahead, as reached, and as something else.

    Attributes:
        neutral_frames: looking straight ahead and still, one after the other.
        neutral_yaw, neutral_pitch, neutral_roll: largest angles of a face that looks straight
            ahead, in degrees.
        neutral_drift: largest turn among these frames, in degrees.
        least_sharpness, darkest, brightest: of the face in these frames, as in `Quality`.
        least_share, largest_share: height of the face's box in these frames, as a share of the
            frame's shorter side.
        held_frames: fewest frames in which a step is seen reached.
        held_share: of a step's amount, once it was reached.
        foreshortening: how much shorter a face may become for each degree that its nose says it is
            turned, by kind of step; a flat picture has to be tilted much further than a head.
        longest_wait: for straight ahead, in seconds.
        longest_step: from instruction to reached and held, in seconds.
        wrong_turn: degrees of a turn that was not asked for, in two frames in a row.
        wrong_share: what is added to it for each degree on the other axis: nobody turns along one
            axis alone.
        wrong_growth: factor of growth that was not asked for.
        fastest_reaction: seconds in which nobody can have followed an instruction yet.
        early_share, early_turn, early_growth: movement that way within that time, as a share of the
            amount, and at least in degrees or as a logarithm, that betrays it was not a reaction.
    """

    neutral_frames: int = 3
    neutral_yaw: float = 16.0
    neutral_pitch: float = 22.0
    neutral_roll: float = 20.0
    neutral_drift: float = 7.0
    least_sharpness: float = 5.0
    darkest: float = 45.0
    brightest: float = 225.0
    least_share: float = 0.22
    largest_share: float = 0.62
    held_frames: int = 2
    held_share: float = 0.7
    foreshortening: Mapping[str, float] = field(
        default_factory=lambda: {
            "turn_left": 0.0085,
            "turn_right": 0.0085,
            "turn_up": 0.005,
            "turn_down": 0.009,
        }
    )
    longest_wait: float = 10.0
    longest_step: float = 6.0
    wrong_turn: float = 17.0
    wrong_share: float = 0.4
    wrong_growth: float = 1.3
    fastest_reaction: float = 0.25
    early_share: float = 0.4
    early_turn: float = 10.0
    early_growth: float = 0.12


BOUNDS = CourseBounds()


@dataclass(frozen=True)
class Course:
    """How far a challenge has come.

    Attributes:
        marks: number of the frame with which straight ahead, then each step was done.
        neutral: the face looking straight ahead; None until it did.
        share: of what is asked now, 0 to 1.
        hint: code of what keeps it from counting, or None.
        trouble: code of what ended the challenge, or None.
    """

    marks: tuple[int, ...]
    neutral: Shape | None
    share: float
    hint: str | None
    trouble: str | None


def follow(
    challenge: Challenge, observations: Sequence[Observation], bounds: CourseBounds = BOUNDS
) -> Course:
    """Go through the frames in order, as far as the challenge goes."""
    if any(seen.number != index for index, seen in enumerate(observations)):
        return Course((), None, 0.0, None, "disordered")
    if any(a.at >= b.at for a, b in itertools.pairwise(observations)):
        return Course((), None, 0.0, None, "disordered")
    straight = _straight_ahead(observations, bounds)
    if straight is None:
        return _waiting(observations, bounds)
    marks, neutral = [straight], _neutral(observations, straight, bounds)
    for index, step in enumerate(challenge.steps):
        stage = _Stage(challenge.steps[:index], step, neutral, observations[marks[-1] :], bounds)
        course = stage.run()
        if course.mark is None:
            return Course(tuple(marks), neutral, course.share, course.hint, course.trouble)
        marks.append(marks[-1] + course.mark)
    return Course(tuple(marks), neutral, 1.0, None, None)


def first_of_neutral(course: Course, bounds: CourseBounds = BOUNDS) -> int:
    """Number of the first frame that counts as straight ahead."""
    return course.marks[0] - bounds.neutral_frames + 1


def complaint(seen: Observation, bounds: CourseBounds = BOUNDS) -> str | None:
    """Why a frame does not show a face that looks straight ahead, as a code; None if it does."""
    share = seen.box[3] / min(seen.width, seen.height)
    complaints = {
        "several_faces": seen.faces != 1,
        "too_dark": seen.brightness < bounds.darkest,
        "too_bright": seen.brightness > bounds.brightest,
        "too_small": share < bounds.least_share,
        "too_close": share > bounds.largest_share,
        "turned": abs(seen.yaw) > bounds.neutral_yaw or abs(seen.pitch) > bounds.neutral_pitch,
        "tilted": abs(seen.roll) > bounds.neutral_roll,
        "blurred": seen.sharpness < bounds.least_sharpness,
    }
    return next((code for code, applies in complaints.items() if applies), None)


def _straight_ahead(observations: Sequence[Observation], bounds: CourseBounds) -> int | None:
    """The frame with which enough of them in a row looked straight ahead, held still."""
    for last in range(bounds.neutral_frames - 1, len(observations)):
        frames = observations[last - bounds.neutral_frames + 1 : last + 1]
        if all(complaint(seen, bounds) is None for seen in frames) and _still(frames, bounds):
            return last
    return None


def _still(frames: Sequence[Observation], bounds: CourseBounds) -> bool:
    if any(break_between(a, b) for a, b in itertools.pairwise(frames)):
        return False
    turns = [Turn.between(frames[0].shape, seen.shape) for seen in frames]
    return all(np.hypot(turn.yaw, turn.pitch) <= bounds.neutral_drift for turn in turns)


def _neutral(observations: Sequence[Observation], last: int, bounds: CourseBounds) -> Shape:
    frames = observations[last - bounds.neutral_frames + 1 : last + 1]
    shapes = [seen.shape for seen in frames]
    x, y = np.median([shape.nose for shape in shapes], axis=0)
    return Shape(
        (float(x), float(y)),
        float(np.median([shape.eyes for shape in shapes])),
        float(np.median([shape.height for shape in shapes])),
    )


def _waiting(observations: Sequence[Observation], bounds: CourseBounds) -> Course:
    if not observations:
        return Course((), None, 0.0, None, None)
    seconds = observations[-1].at - observations[0].at
    trouble = "never_straight" if seconds > bounds.longest_wait else None
    good = 0
    for seen in observations[: -bounds.neutral_frames - 1 : -1]:
        if complaint(seen, bounds) is not None:
            break
        good += 1
    hint = complaint(observations[-1], bounds)
    share = min(good, bounds.neutral_frames - 1) / bounds.neutral_frames
    return Course((), None, share, hint or ("hold_still" if good > 1 else None), trouble)


@dataclass(frozen=True)
class _End:
    mark: int | None
    share: float
    hint: str | None
    trouble: str | None


@dataclass(frozen=True)
class _Stage:
    """One step, from the frame with which its instruction became known."""

    before: tuple[Step, ...]
    step: Step
    neutral: Shape
    observations: Sequence[Observation]
    bounds: CourseBounds

    def run(self) -> _End:
        start, reached, share = self.observations[0], None, 0.0
        for index, seen in enumerate(self.observations[1:], start=1):
            before = self.observations[index - 1]
            trouble = break_between(before, seen) or self._trouble(before, seen)
            if trouble:
                return _End(None, share, None, trouble)
            share = self._share(seen)
            if share < self.bounds.held_share or not self._like_a_head(seen):
                reached = None
            elif share >= 1 and reached is None:
                reached = index
            if reached is not None and self._held(reached, index):
                return _End(index, 1.0, None, None)
        too_long = self.observations[-1].at - start.at > self.bounds.longest_step
        hint = None if reached is None else "hold"
        return _End(None, min(share, 1.0), hint, "too_slow" if too_long else None)

    def _held(self, reached: int, index: int) -> bool:
        seconds = self.observations[index].at - self.observations[reached].at
        return index - reached + 1 >= self.bounds.held_frames and seconds >= self.step.hold

    def _share(self, seen: Observation) -> float:
        """How much of the step's amount is done, from 0 to well above 1."""
        turn = Turn.between(self.neutral, seen.shape)
        done, whole = turn.towards(self.step.kind), self.step.amount
        if self.step.kind == COME_CLOSER:
            done, whole = done - 1, whole - 1
        return max(done / whole, 0.0)

    def _like_a_head(self, seen: Observation) -> bool:
        """Whether the face is no shorter than a head is that is turned as far as the nose says."""
        kind = self.step.kind
        if kind == COME_CLOSER:
            return True
        turn = Turn.between(self.neutral, seen.shape)
        return turn.foreshortening(kind) >= 1 - self.bounds.foreshortening[kind] * turn.towards(
            kind
        )

    def _trouble(self, before: Observation, seen: Observation) -> str | None:
        if seen.faces > 1:
            return "several_faces"
        if seen.at - self.observations[0].at > self.bounds.longest_step:
            return "too_slow"
        if seen.at - self.observations[0].at < self.bounds.fastest_reaction and self._early(seen):
            return "too_soon"
        wrong = self._other_movement(before) and self._other_movement(seen)
        return "other_movement" if wrong else None

    def _early(self, seen: Observation) -> bool:
        turn = Turn.between(self.observations[0].shape, seen.shape)
        done = turn.towards(self.step.kind)
        if self.step.kind == COME_CLOSER:
            return done > 1 + max(
                self.bounds.early_share * (self.step.amount - 1), self.bounds.early_growth
            )
        return done > max(self.bounds.early_share * self.step.amount, self.bounds.early_turn)

    def _other_movement(self, seen: Observation) -> bool:
        """Whether a movement is seen that is asked for neither now nor was just before."""
        turn = Turn.between(self.neutral, seen.shape)
        expected = {self.step.kind, *(step.kind for step in self.before[-1:])}
        for kind in TURNS:
            beside = turn.pitch if kind in ("turn_left", "turn_right") else turn.yaw
            bound = self.bounds.wrong_turn + self.bounds.wrong_share * abs(beside)
            if kind not in expected and turn.towards(kind) > bound:
                return True
        asked = {self.step.kind, *(step.kind for step in self.before)}
        return COME_CLOSER not in asked and turn.growth > self.bounds.wrong_growth
