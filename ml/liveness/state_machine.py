"""The state machine of a challenge: its steps, and the failures that end it.

    straight ahead ──still, frontal, alone──▶ step 1 ──reached and held──▶ step 2 … ──▶ done
          │                                    │
          └──too long──▶ failed ◀──too long, other movement, before the prompt, discontinuity──┘

The state depends on the observations alone, so that prompts and verdict cannot differ. A step is
prompted from the frame that completes the previous one.
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
    """State of a challenge after some frames.

    Attributes:
        step_frames: numbers of the frames that completed looking straight ahead and each step.
        neutral: the frontal face; None before there is one.
        share: completed share of the current step, 0 to 1.
        hint: code of what keeps the current step from completion, or None.
        failure: code of what ended the challenge, or None.
    """

    step_frames: tuple[int, ...]
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
    """Evaluate the frames in order, up to the end of the challenge.

    Args:
        challenge: the prompts.
        observations: all frames, in order.
        bounds: bounds of steps and failures.
        known: `step_frames` of an earlier call with fewer of these frames; earlier frames are not
            evaluated again.
    """
    if any(seen.number != index for index, seen in enumerate(observations)):
        return ChallengeState((), None, 0.0, None, "disordered")
    if any(a.at >= b.at for a, b in itertools.pairwise(observations)):
        return ChallengeState((), None, 0.0, None, "disordered")
    frontal = known[0] if known else _frontal_frame(observations, bounds)
    if frontal is None:
        return _before_frontal(observations, bounds)
    step_frames = list(known) or [frontal]
    neutral = _neutral(observations, frontal, bounds)
    for index in range(len(step_frames) - 1, len(challenge.steps)):
        before, step = challenge.steps[:index], challenge.steps[index]
        frames = observations[step_frames[-1] :]
        outcome = Stage(before, step, neutral, frames, bounds).run()
        if outcome.completed_at is None:
            return ChallengeState(
                tuple(step_frames), neutral, outcome.share, outcome.hint, outcome.failure
            )
        step_frames.append(step_frames[-1] + outcome.completed_at)
    return ChallengeState(tuple(step_frames), neutral, 1.0, None, None)


def first_frontal_frame(state: ChallengeState, bounds: ChallengeBounds = BOUNDS) -> int:
    """Return the number of the first frame of looking straight ahead."""
    return state.step_frames[0] - bounds.neutral_frames + 1


def complaint(seen: Observation, bounds: ChallengeBounds = BOUNDS) -> str | None:
    """Return the code of why a frame is not frontal, alone, well lit and sharp, or None."""
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


def _frontal_frame(observations: Sequence[Observation], bounds: ChallengeBounds) -> int | None:
    """Return the last of the first `neutral_frames` consecutive frontal and still frames."""
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


def _before_frontal(observations: Sequence[Observation], bounds: ChallengeBounds) -> ChallengeState:
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
