"""Texts about a model: its measured rates, its terms, and why a change failed."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import format_decimal
from flask_babel import gettext as _

from ml import Calibration, ModelDescription
from webapp.messages import REQUEST_PROBLEMS, describe
from webapp.web.display.numbers import percent

PERCENT = "0.0"
FINE_PERCENT = "0.00"


@dataclass(frozen=True)
class Figure:
    """A measured value: its name, and the value as text."""

    name: str
    value: str


def figures(model: ModelDescription, calibration: Calibration | None) -> list[Figure]:
    """Return the measured values that a model has."""
    return [*_on_lfw(model), *_in_training(model), *_at_default(calibration)]


def failure(error: str | None) -> str:
    """Return why a change of the model failed; an error without a text as it is."""
    if error is None or error in REQUEST_PROBLEMS:
        return describe(error or "")
    return error


def _on_lfw(model: ModelDescription) -> list[Figure]:
    measured = model.metrics.get("lfw_view2", {})
    served = measured.get(measured.get("served", ""), {})
    if "accuracy" not in served:
        return []
    accuracy = _(
        "%(share)s, standard error %(error)s",
        share=percent(served["accuracy"], FINE_PERCENT),
        error=percent(served["accuracy_se"], FINE_PERCENT),
    )
    return [
        Figure(_("Right decisions on LFW View 2"), accuracy),
        Figure(_("Equal error rate there"), percent(served["eer"], PERCENT)),
    ]


def _in_training(model: ModelDescription) -> list[Figure]:
    error = model.metrics.get("training", {}).get("test_eer")
    if error is None:
        return []
    name = _("Equal error rate on people kept apart in training")
    return [Figure(name, percent(error, PERCENT))]


def _at_default(calibration: Calibration | None) -> list[Figure]:
    if calibration is None:
        return []
    rates = calibration.pairs.rates_at(calibration.default_threshold)
    return [
        Figure(
            _("Genuine comparisons refused at its default threshold"),
            percent(rates["frr"], PERCENT),
        ),
        Figure(_("People it was calibrated on"), format_decimal(calibration.pairs.people)),
        *_normalised_by(calibration),
    ]


def _normalised_by(calibration: Calibration) -> list[Figure]:
    origin = calibration.normaliser.origin
    return [Figure(_("Strangers that faces are compared with"), origin)] if origin else []
