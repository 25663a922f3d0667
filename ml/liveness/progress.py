"""What a person is asked now: the part of the course that a page may show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml.liveness.challenge import Challenge
from ml.liveness.colour_reflection import colour_after
from ml.liveness.observation import Observation
from ml.liveness.state_machine import ChallengeState, follow


@dataclass(frozen=True)
class Progress:
    """How far an attempt is.

    Attributes:
        step: 0 is to look straight ahead, then the number of the challenge's step, from 1; the last
            one's while `done`.
        of: how many steps the challenge has.
        done: whether all of it is done; then judge.
        share: of the step, 0 to 1.
        hint: "hold" once the step is reached and held for a moment more; while looking straight
            ahead "hold_still", "several_faces", "too_dark", "too_bright", "too_small", "too_close",
            "turned", "tilted", "blurred"; else None.
        failed: whether nothing that follows can make it pass; then judge, and start anew.
        light: colour to show around the face from now on, such as "#ffaeb5"; None for none.
    """

    step: int
    of: int
    done: bool
    share: float
    hint: str | None
    failed: bool
    light: str | None

    @classmethod
    def along(
        cls, challenge: Challenge, course: ChallengeState, observations: Sequence[Observation]
    ) -> Progress:
        """How far the course of these frames has come."""
        count = len(challenge.steps)
        done, failed = len(course.marks) > count, course.failure is not None
        return cls(
            step=min(len(course.marks), count),
            of=count,
            done=done,
            share=course.share,
            hint=course.hint,
            failed=failed,
            light=None if done or failed else colour_after(challenge.light, observations),
        )


def progress(challenge: Challenge, observations: Sequence[Observation]) -> Progress:
    """How far an attempt is, from all its frames so far; cheap."""
    return Progress.along(challenge, follow(challenge, observations), observations)
