"""Reader of `calibration.json`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.calibration.calibration import Calibration
from ml.calibration.curves import Curve, Histogram
from ml.calibration.identification import SearchPoint
from ml.errors import ModelBroken, reason_of
from ml.normalisation import load_normaliser

FILE = "calibration.json"


def load_calibration(folder: Path, model_id: str) -> Calibration:
    """Read the calibration in an artifact's folder.

    Raises:
        ModelBroken: if it is missing, unreadable, or of another model.
    """
    path, file = folder / FILE, f"{folder.name}/{FILE}"
    remedy = f"run: python -m ml calibrate {folder.name}"
    if not path.exists():
        raise ModelBroken(f"{file} is missing; {remedy}")
    try:
        table = json.loads(path.read_text())
        calibration = _from_table(table)
        digest = str(table.get("normaliser", ""))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelBroken(f"{file} cannot be read ({reason_of(error)}); {remedy}") from error
    if calibration.model_id != model_id:
        raise ModelBroken(f"{file} is of model {calibration.model_id}, not {model_id}; {remedy}")
    return replace(calibration, normaliser=load_normaliser(folder, digest, remedy))


def calibration_if_any(folder: Path, model_id: str) -> Calibration | None:
    """Read the calibration in an artifact's folder; None before its first calibration."""
    try:
        return load_calibration(folder, model_id)
    except ModelBroken:
        return None


def _from_table(table: dict[str, Any]) -> Calibration:
    knots = table["score_map"]
    return Calibration(
        model_id=table["model_id"],
        default_rule=table["default_rule"],
        default_far=table["default_far"],
        default_threshold=table["default_threshold"],
        score_knots=(np.array(knots["similarity"]), np.array(knots["score"])),
        pairs=_curve_from("pairs", 1, table["pairs"]),
        histogram=Histogram(**_arrays(table["histogram"])),
        curves={
            rule: {int(count): _curve_from(rule, int(count), row) for count, row in rows.items()}
            for rule, rows in table["verification"].items()
        },
        searches=tuple(SearchPoint(**_arrays(row)) for row in table["identification"]),
        made_from=table["made_from"],
        middle=np.array(table["middle"]) if "middle" in table else None,
        former={
            digest: (np.array(row["threshold"]), np.array(row["far"]))
            for digest, row in table.get("former", {}).items()
        },
    )


def _curve_from(rule: str, anchors: int, row: dict[str, Any]) -> Curve:
    return Curve(rule=rule, anchors=anchors, **_arrays(row))


def _arrays(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: np.array(value) if isinstance(value, list) else value for key, value in row.items()
    }
