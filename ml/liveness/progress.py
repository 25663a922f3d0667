"""Progress of an attempt: the part of its state that a page may show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml.liveness.challenge import Challenge
from ml.liveness.colour_reflection import colour_after
from ml.liveness.observation import Observation
from ml.liveness.state_machine import ChallengeState, follow


@dataclass(frozen=True)
class Progress:
    """Progress of an attempt.

    Attributes:
        step: 0 while looking straight ahead, then the number of the challenge's step, from 1; the
            last number when `done`.
        of: number of steps of the challenge.
        done: whether all steps are complete; the caller then judges the attempt.
        share: completed share of the step, 0 to 1.
        hint: "hold" once the movement is reached and has to be held. While looking straight ahead:
            "hold_still", "several_faces", "too_dark", "too_bright", "too_small", "too_close",
            "turned", "tilted" or "blurred". Else None.
        failed: whether no further frame can make the attempt pass; the caller then judges it and
            starts another.
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
    def of_state(
        cls, challenge: Challenge, state: ChallengeState, observations: Sequence[Observation]
    ) -> Progress:
        """Describe the state of the challenge after these frames."""
        count = len(challenge.steps)
        done, failed = len(state.step_frames) > count, state.failure is not None
        return cls(
            step=min(len(state.step_frames), count),
            of=count,
            done=done,
            share=state.share,
            hint=state.hint,
            failed=failed,
            light=None if done or failed else colour_after(challenge.light, observations),
        )


def progress(challenge: Challenge, observations: Sequence[Observation]) -> Progress:
    """Return the progress of an attempt from all its frames so far; cheap."""
    return Progress.of_state(challenge, follow(challenge, observations), observations)
