"""Report on logged attempts: APCER, BPCER with intervals, durations, and reasons of failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml.error_rates import share_interval
from ml.lab.liveness.simulation.attacks import GENUINE


def report(attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return APCER of every attack, BPCER of one try and of two, seconds, frames and reasons."""
    cases = list(dict.fromkeys(each["case"] for each in attempts))
    by_case = {case: [a for a in attempts if a["case"] == case] for case in cases}
    genuine = by_case.pop(GENUINE, [])
    figures: dict[str, Any] = {"apcer": {case: _apcer(some) for case, some in by_case.items()}}
    if genuine:
        figures["bpcer"] = _bpcer(genuine)
    return figures


def _apcer(attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    passed = sum(each["passed"] for each in attempts)
    return _share(passed, len(attempts)) | {"stopped_by": _reasons(attempts)}


def _bpcer(attempts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    passed = {each["number"]: each["passed"] for each in attempts}
    pairs = [number for number in passed if number % 2 == 0 and number + 1 in passed]
    twice = sum(not passed[number] and not passed[number + 1] for number in pairs)
    seconds = [each["cues"]["seconds"] for each in attempts if each["passed"]]
    return {
        "one_try": _share(len(passed) - sum(passed.values()), len(passed)),
        "two_tries": _share(twice, len(pairs)),
        "seconds": dict(
            zip(
                ("median", "tenth", "nine_tenths"),
                (round(float(v), 2) for v in np.quantile(seconds or [0], [0.5, 0.1, 0.9])),
                strict=True,
            )
        ),
        "frames": float(np.median([each["frames"] for each in attempts])),
        "stopped_by": _reasons(attempts),
    }


def _share(errors: int, trials: int) -> dict[str, Any]:
    low, high = share_interval(errors, trials)
    share = errors / trials if trials else 0.0
    return {
        "errors": errors,
        "trials": trials,
        "share": round(share, 5),
        "interval": [round(low, 5), round(high, 5)],
    }


def _reasons(attempts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return dict(Counter(reason for each in attempts for reason in each["reasons"]).most_common())
