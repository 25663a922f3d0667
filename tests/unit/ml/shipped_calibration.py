"""The shipped calibrations, and a drawn curve."""

from __future__ import annotations

import numpy as np

from ml.artifacts import load_artifact
from ml.calibration.calibration import Calibration
from ml.calibration.curves import Curve
from ml.calibration.file import load_calibration

SHIPPED = ("open", "research", "compact")


def shipped(name: str) -> Calibration:
    """Return the calibration of a shipped model."""
    artifact = load_artifact(name)
    return load_calibration(artifact.folder, artifact.model_id)


def drawn_curve(threshold: list[float], far: list[float]) -> Curve:
    """Return a curve of one anchor that refuses nobody."""
    rates = np.array(far)
    nothing = np.zeros_like(rates)
    return Curve(
        rule="best",
        anchors=1,
        threshold=np.array(threshold),
        far=rates,
        far_low=rates / 2,
        far_high=rates * 2,
        frr=nothing,
        frr_low=nothing,
        frr_high=nothing,
        genuine_trials=10,
        impostor_trials=1000,
        people=5,
        far_supported=1e-3,
    )
