"""The state machine of a challenge: how far its frames have come, and what ended it.

    straight ahead ──still, frontal, alone──▶ step 1 ──reached and held──▶ step 2 … ──▶ done
          │                                    │
          └──too long──▶ failed ◀──too long, another movement, before it was asked, a break──┘

It is computed from the observations alone, so that what a person is shown and what is judged cannot
differ. An instruction is known from the frame on with which the one before was done.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml.liveness.challenge import Challenge
from ml.liveness.continuity import discontinuity
from ml.liveness.observation import Observation
from ml.liveness.pose_change import Shape, Turn
from ml.liveness.stage import BOUNDS, ChallengeBounds, Stage


@dataclass(frozen=True)
class ChallengeState:
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
    failure: str | None


def follow(
    challenge: Challenge,
    observations: Sequence[Observation],
    bounds: ChallengeBounds = BOUNDS,
    known: Sequence[int] = (),
) -> ChallengeState:
    """Go through the frames in order, as far as the challenge goes.

    Args:
        challenge: what is asked.
        observations: all frames, in order.
        bounds: what counts.
        known: marks that a look at fewer of these frames came to; what led to them is not gone
            through again.
    """
    if any(seen.number != index for index, seen in enumerate(observations)):
        return ChallengeState((), None, 0.0, None, "disordered")
    if any(a.at >= b.at for a, b in itertools.pairwise(observations)):
        return ChallengeState((), None, 0.0, None, "disordered")
    straight = known[0] if known else _straight_ahead(observations, bounds)
    if straight is None:
        return _waiting(observations, bounds)
    marks = list(known) or [straight]
    neutral = _neutral(observations, straight, bounds)
    for index in range(len(marks) - 1, len(challenge.steps)):
        before, step = challenge.steps[:index], challenge.steps[index]
        end = Stage(before, step, neutral, observations[marks[-1] :], bounds).run()
        if end.mark is None:
            return ChallengeState(tuple(marks), neutral, end.share, end.hint, end.failure)
        marks.append(marks[-1] + end.mark)
    return ChallengeState(tuple(marks), neutral, 1.0, None, None)


def first_of_neutral(course: ChallengeState, bounds: ChallengeBounds = BOUNDS) -> int:
    """Number of the first frame that counts as straight ahead."""
    return course.marks[0] - bounds.neutral_frames + 1


def complaint(seen: Observation, bounds: ChallengeBounds = BOUNDS) -> str | None:
    """Why a frame does not show a face that looks straight ahead, as a code; None if it does."""
    share = seen.box[3] / min(seen.width, seen.height)
    complaints = {
        "several_faces": seen.faces > 1,
        "too_dark": seen.brightness < bounds.darkest,
        "too_bright": seen.brightness > bounds.brightest,
        "too_small": share < bounds.least_share,
        "too_close": share > bounds.largest_share,
        "turned": abs(seen.yaw) > bounds.neutral_yaw or abs(seen.pitch) > bounds.neutral_pitch,
        "tilted": abs(seen.roll) > bounds.neutral_roll,
        "blurred": seen.sharpness < bounds.least_sharpness,
    }
    return next((code for code, applies in complaints.items() if applies), None)


def _straight_ahead(observations: Sequence[Observation], bounds: ChallengeBounds) -> int | None:
    """The frame with which enough of them in a row looked straight ahead, held still."""
    good = 0
    for last, seen in enumerate(observations):
        good = good + 1 if complaint(seen, bounds) is None else 0
        frames = observations[last - bounds.neutral_frames + 1 : last + 1]
        if good >= bounds.neutral_frames and _still(frames, bounds):
            return last
    return None


def _still(frames: Sequence[Observation], bounds: ChallengeBounds) -> bool:
    if any(discontinuity(a, b) for a, b in itertools.pairwise(frames)):
        return False
    turns = [Turn.between(frames[0].shape, seen.shape) for seen in frames]
    return all(math.hypot(turn.yaw, turn.pitch) <= bounds.neutral_drift for turn in turns)


def _neutral(observations: Sequence[Observation], last: int, bounds: ChallengeBounds) -> Shape:
    frames = observations[last - bounds.neutral_frames + 1 : last + 1]
    shapes = [seen.shape for seen in frames]
    return Shape(
        (median(shape.nose[0] for shape in shapes), median(shape.nose[1] for shape in shapes)),
        median(shape.eyes for shape in shapes),
        median(shape.height for shape in shapes),
    )


def _waiting(observations: Sequence[Observation], bounds: ChallengeBounds) -> ChallengeState:
    if not observations:
        return ChallengeState((), None, 0.0, None, None)
    seconds = observations[-1].at - observations[0].at
    failure = "never_straight" if seconds > bounds.longest_wait else None
    good = 0
    for seen in observations[: -bounds.neutral_frames - 1 : -1]:
        if complaint(seen, bounds) is not None:
            break
        good += 1
    hint = complaint(observations[-1], bounds)
    share = min(good, bounds.neutral_frames - 1) / bounds.neutral_frames
    return ChallengeState((), None, share, hint or ("hold_still" if good > 1 else None), failure)
