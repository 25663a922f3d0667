"""What a page shows of a challenge: the next prompt, and the judgement."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import numpy as np

import ml
from webapp.services.liveness.results import Result

STRAIGHT, DONE = "straight", "done"


@dataclass(frozen=True)
class Prompt:
    """The next instruction, and the progress of the movement.

    Attributes:
        frame: number that the next frame must have.
        step: index of the instruction; 0 is looking straight, 1 to `of` are the movements.
        instruction: `straight`, a movement, or `done` when the challenge can be judged.
        share: progress of the instruction, 0 to 1.
        hint: code of what prevents progress; None if nothing does.
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
    """A started challenge: its id, the first prompt, and its duration in seconds."""

    id: UUID
    asked: Prompt
    seconds: int


@dataclass(frozen=True)
class JudgedChallenge:
    """The judgement of a challenge that has not ended yet.

    `face` is the embedding of the frame to compare, float32 (d,); None if it was not passed.
    """

    id: UUID
    result: Result
    face: np.ndarray | None


def prompt_of(drawn: ml.Challenge, progress: ml.Progress, frame: int) -> Prompt:
    """Return the next prompt for a page."""
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
