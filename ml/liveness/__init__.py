"""Liveness check: challenges, observations of frames, and the verdict.

A challenge is a sequence of head movements, prompted one by one, and optionally colours of light.
Each frame is reduced to an observation. `progress` returns the current prompt, `judge` the verdict.
Nothing here runs a network; `Engine.observe` makes the observations.
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
