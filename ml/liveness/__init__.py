"""Whether a live head is in front of the camera: challenges, what is observed, and the verdict.

A challenge is a few movements of the head, revealed one by one, and colours of light if they are
asked for. What the frames show is reduced to observations; `progress` says what is asked now,
`judge` says what the attempt came to. Nothing here computes a network; `Engine.observe` makes
observations.
"""

from __future__ import annotations

from ml.liveness.challenge import STEPS, STRENGTHS, Challenge, Step, draw_challenge
from ml.liveness.observation import Observation
from ml.liveness.progress import Progress, progress
from ml.liveness.verdict import Verdict, judge

__all__ = [
    "STEPS",
    "STRENGTHS",
    "Challenge",
    "Observation",
    "Progress",
    "Step",
    "Verdict",
    "draw_challenge",
    "judge",
    "progress",
]
