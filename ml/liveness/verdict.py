"""The verdict on an attempt: whether its frames show one head that did what it was asked."""

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
from ml.liveness.state_machine import ChallengeState, first_of_neutral, follow

# Frames of one attempt are compared at the threshold that lets so many strangers pass. It is looser
# than that of a verification: a turned face is less like the same face seen from the front, and
# someone else would have to pass in every step.
ONE_HEAD_FAR = 0.05
# Where light is asked for: how well and how much the skin has to follow it, and how well its mirror
# image may (`Reflection`).
LEAST_REFLECTION = 0.5
LEAST_STRENGTH = 0.02
MOST_MIRRORED = 0.5


@dataclass(frozen=True)
class Verdict:
    """What an attempt came to.

    Attributes:
        passed: whether a live person did what was asked.
        reasons: codes of what speaks against it, for operators only; empty if it passed.
        cues: what was measured, by name; for operators and reports.
        matched: number of the frame to compare with the anchors, whose observation has the
            embedding; −1 if there is none.
    """

    passed: bool
    reasons: tuple[str, ...]
    cues: dict[str, float]
    matched: int


def judge(challenge: Challenge, observations: Sequence[Observation], same_person: float) -> Verdict:
    """Judge the frames of an attempt; never raises on frames that are out of order or missing.

    Args:
        challenge: what was asked.
        observations: all frames, in order.
        same_person: similarity from which on two embeddings show one person; `Engine.judge` takes
            it from the model's calibration.
    """
    course = follow(challenge, observations)
    matched = course.marks[0] if course.marks else -1
    reasons = [course.failure] if course.failure else []
    if len(course.marks) <= len(challenge.steps):
        return Verdict(False, tuple(reasons or ["unfinished"]), {}, matched)
    cues = _cues(challenge, course, observations)
    marked = [observations[mark] for mark in course.marks]
    if any(seen.embedding is None for seen in marked):
        reasons.append("unrecognised")
    elif cues["least_similarity"] < same_person:
        reasons.append("other_person")
    if challenge.light:
        reasons += _in_light(cues)
    return Verdict(not reasons, tuple(reasons), cues, matched)


def _in_light(cues: dict[str, float]) -> list[str]:
    """What the light says against a person."""
    if cues["light"] < LEAST_REFLECTION or cues["light_strength"] < LEAST_STRENGTH:
        return ["no_light"]
    return ["mirrored"] if cues["mirrored"] > MOST_MIRRORED else []


def _cues(
    challenge: Challenge, course: ChallengeState, observations: Sequence[Observation]
) -> dict[str, float]:
    chain = observations[first_of_neutral(course) : course.marks[-1] + 1]
    pairs = list(itertools.pairwise(chain))
    measured = {
        "seconds": chain[-1].at - chain[0].at,
        "frames": float(len(chain)),
        "least_likeness": min(likeness(a, b) for a, b in pairs),
        "fastest_turn": max(turn_between(a.shape, b.shape) / (b.at - a.at) for a, b in pairs),
        "least_similarity": _least_similarity([observations[mark] for mark in course.marks]),
        "least_turn": _least_turn(challenge, course, observations),
    }
    if not challenge.light:
        return measured
    reflected = reflection(challenge.light, observations, first_of_neutral(course))
    return measured | {
        "light": reflected.skin,
        "light_strength": reflected.strength,
        "mirrored": reflected.mirrored,
    }


def _least_similarity(marked: Sequence[Observation]) -> float:
    """Of the frame that may be matched to those in which steps were done."""
    embeddings = [seen.embedding for seen in marked if seen.embedding is not None]
    if len(embeddings) < 2 or len({len(embedding) for embedding in embeddings}) != 1:
        return -1.0
    matrix = np.stack(embeddings)
    return float((matrix[1:] @ matrix[0]).min())


def _least_turn(
    challenge: Challenge, course: ChallengeState, observations: Sequence[Observation]
) -> float:
    """The smallest turn reached, as a share of what was asked."""
    if course.neutral is None:
        return 0.0
    shares = [
        Turn.between(course.neutral, observations[mark].shape).towards(step.kind) / step.amount
        for step, mark in zip(challenge.steps, course.marks[1:], strict=True)
        if step.kind != COME_CLOSER
    ]
    return min(shares, default=0.0)
