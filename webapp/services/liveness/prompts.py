"""What a page shows of a challenge: the next prompt, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np

import ml
from webapp.services.liveness.results import Result

STRAIGHT, DONE = "straight", "done"


@dataclass(frozen=True)
class Prompt:
    """What is asked for next, and how far the movement has come.

    Attributes:
        frame: the number that the next frame must have.
        step: which instruction it is, from 0, of `of` movements after looking straight.
        instruction: `straight`, a movement, or `done` once there is nothing more to see: then it
            is to be judged.
        share: how much of it is done, 0 to 1.
        hint: a code of what stands in the way, if anything does.
        light: colour to show around the face from now on, such as "#ffaeb5"; None for none.
    """

    frame: int
    step: int
    of: int
    instruction: str
    share: float = 0.0
    hint: str | None = None
    light: str | None = None


@dataclass(frozen=True)
class StartedChallenge:
    """A challenge that was begun: its id, what is asked for first, and how many seconds it has."""

    id: UUID
    asked: Prompt
    seconds: int


@dataclass(frozen=True)
class JudgedChallenge:
    """How a challenge was judged, while it is still to be ended.

    `face` is the embedding of the frame to compare, float32 (d,); None where it was not passed.
    """

    id: UUID
    result: Result
    face: np.ndarray | None


def prompt_of(drawn: ml.Challenge, progress: ml.Progress, frame: int) -> Prompt:
    """Return the prompt that a page shows next."""
    if progress.done or progress.failed:
        instruction = DONE
    else:
        instruction = drawn.steps[progress.step - 1].kind if progress.step else STRAIGHT
    return Prompt(
        frame,
        progress.step,
        len(drawn.steps),
        instruction,
        progress.share,
        progress.hint,
        progress.light,
    )
