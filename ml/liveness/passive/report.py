"""How well each cue tells attacks from people, by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml.liveness.simulation.cases import GENUINE

PHOTOS = "real photos"
REFUSED = (0.01, 0.003)  # of genuine attempts for tuning, where the bounds are set
# What motion leaves unexplained, most of it in heads: one value a frame, and less is suspect.
MOTION = ("relief of the whole face", "relief of the nose", "the less of both")
Attempts = Sequence[Mapping[str, Any]]


def figures(
    tuning: Attempts, reported: Attempts, photos: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """A row for each cue and case: AUC, and the shares beyond the bounds.

    Args:
        tuning: attempts on whose genuine people the bounds are set.
        reported: those that are counted.
        photos: the cues of real photos, by name, for those that need one picture only.
    """
    rows = []
    for name in [*dict.fromkeys(name for each in reported for name in each["cues"]), *MOTION]:
        bounds = np.quantile(_values(tuning, name, GENUINE), [1 - share for share in REFUSED])
        seen = {
            case: _values(reported, name, case)
            for case in dict.fromkeys(each["case"] for each in reported)
        }
        if name in photos:
            seen[PHOTOS] = np.array(photos[name])
        people = seen[GENUINE]
        rows += [_row(name, case, people, each, bounds) for case, each in seen.items() if len(each)]
    return rows


def _row(
    name: str, case: str, people: np.ndarray, values: np.ndarray, bounds: np.ndarray
) -> dict[str, Any]:
    beyond = {
        f"beyond_{share}": round(float(np.mean(values > bound)), 4)
        for share, bound in zip(REFUSED, bounds, strict=True)
    }
    return {
        "cue": name,
        "case": case,
        "n": len(values),
        "auc": round(auc(people, values), 3),
    } | beyond


def auc(people: np.ndarray, attacks: np.ndarray) -> float:
    """How often an attack's value is above a person's; 0.5 says nothing."""
    ordered = np.sort(people)
    below = np.searchsorted(ordered, attacks, side="left")
    up_to = np.searchsorted(ordered, attacks, side="right")
    return float((below + up_to).mean() / 2 / len(people))


def _values(attempts: Attempts, name: str, case: str) -> np.ndarray:
    """One a frame for motion, else one an attempt; more is more suspect."""
    of_case = [each for each in attempts if each["case"] == case]
    if name not in MOTION:
        return np.array([each["cues"][name] for each in of_case if each["cues"]])
    frames = np.array([pair for each in of_case for pair in each["turned"]]).reshape(-1, 2)
    whole_nose_least = np.column_stack([frames, frames.min(axis=1)])
    return -whole_nose_least[:, MOTION.index(name)]
