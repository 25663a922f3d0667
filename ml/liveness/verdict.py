"""The verdict on an attempt: do its frames show one live head that followed the prompts?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.liveness.challenge import COME_CLOSER, Challenge
from ml.liveness.colour_reflection import reflection
from ml.liveness.continuity import likeness, turn_between
from ml.liveness.observation import Observation
from ml.liveness.pose_change import Turn
from ml.liveness.state_machine import ChallengeState, first_frontal_frame, follow
from ml.normalisation import PLAIN_COSINE, Normaliser

# FAR at which frames of one attempt are compared, looser than that of a verification. A turned face
# is less similar to the same face in front view, and an impostor would have to pass in every step.
ONE_HEAD_FAR = 0.05
# Bounds of the light check: correlation and strength of the skin's changes, and correlation of a
# mirror image's (`Reflection`).
LEAST_REFLECTION = 0.5
LEAST_STRENGTH = 0.02
MOST_MIRRORED = 0.5


@dataclass(frozen=True)
class Verdict:
    """Verdict on an attempt.

    Attributes:
        passed: whether a live person followed the prompts.
        reasons: codes of failures, for operators only; empty if it passed.
        cues: measured values by name, for operators and reports.
        matched: number of the frame to compare with the anchors, whose observation has an
            embedding; −1 if there is none.
    """

    passed: bool
    reasons: tuple[str, ...]
    cues: dict[str, float]
    matched: int


def judge(
    challenge: Challenge,
    observations: Sequence[Observation],
    same_person: float,
    normaliser: Normaliser = PLAIN_COSINE,
) -> Verdict:
    """Judge the frames of an attempt; disordered or missing frames never raise.

    Args:
        challenge: the prompts.
        observations: all frames, in order.
        same_person: similarity from which two embeddings show one person; `Engine.judge` takes it
            from the model's calibration.
        normaliser: turns embeddings into similarities; by default, the similarity is the cosine.
    """
    state = follow(challenge, observations)
    matched = state.step_frames[0] if state.step_frames else -1
    reasons = [state.failure] if state.failure else []
    if len(state.step_frames) <= len(challenge.steps):
        return Verdict(False, tuple(reasons or ["unfinished"]), {}, matched)
    cues = _cues(challenge, state, observations, normaliser)
    step_frames = [observations[number] for number in state.step_frames]
    if any(seen.embedding is None for seen in step_frames):
        reasons.append("unrecognised")
    elif cues["least_similarity"] < same_person:
        reasons.append("other_person")
    if challenge.light:
        reasons += _light_failures(cues)
    return Verdict(not reasons, tuple(reasons), cues, matched)


def _light_failures(cues: dict[str, float]) -> list[str]:
    if cues["light"] < LEAST_REFLECTION or cues["light_strength"] < LEAST_STRENGTH:
        return ["no_light"]
    return ["mirrored"] if cues["mirrored"] > MOST_MIRRORED else []


def _cues(
    challenge: Challenge,
    state: ChallengeState,
    observations: Sequence[Observation],
    normaliser: Normaliser,
) -> dict[str, float]:
    frames = observations[first_frontal_frame(state) : state.step_frames[-1] + 1]
    pairs = list(itertools.pairwise(frames))
    measured = {
        "seconds": frames[-1].at - frames[0].at,
        "frames": float(len(frames)),
        "least_likeness": min(likeness(a, b) for a, b in pairs),
        "fastest_turn": max(turn_between(a.shape, b.shape) / (b.at - a.at) for a, b in pairs),
        "least_similarity": _least_similarity(
            [observations[n] for n in state.step_frames], normaliser
        ),
        "least_turn": _least_turn(challenge, state, observations),
    }
    if not challenge.light:
        return measured
    reflected = reflection(challenge.light, observations, first_frontal_frame(state))
    return measured | {
        "light": reflected.skin,
        "light_strength": reflected.strength,
        "mirrored": reflected.mirrored,
    }


def _least_similarity(step_frames: Sequence[Observation], normaliser: Normaliser) -> float:
    """Return the smallest similarity of the frontal frame to the frames that completed steps."""
    embeddings = [seen.embedding for seen in step_frames if seen.embedding is not None]
    if len(embeddings) < 2 or len({len(embedding) for embedding in embeddings}) != 1:
        return -1.0
    heads = normaliser(np.stack(embeddings))
    return float(heads[1:].similarities(heads[:1]).min())


def _least_turn(
    challenge: Challenge, state: ChallengeState, observations: Sequence[Observation]
) -> float:
    """Return the smallest turn reached, as a share of its prompted amount."""
    if state.neutral is None:
        return 0.0
    shares = [
        Turn.between(state.neutral, observations[number].shape).towards(step.kind) / step.amount
        for step, number in zip(challenge.steps, state.step_frames[1:], strict=True)
        if step.kind != COME_CLOSER
    ]
    return min(shares, default=0.0)
