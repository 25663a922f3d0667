"""Measurements as plain values for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ml.error_rates import RULE_OF_THREE, error_rates
from ml.lab.evaluation.measure import Measured
from ml.lab.evaluation.measures.degraded import DegradedResult
from ml.lab.evaluation.measures.identification import IdentificationResult
from ml.lab.evaluation.measures.resampling import Estimate
from ml.lab.evaluation.measures.several_anchors import AnchorsResult
from ml.lab.evaluation.protocols.pairs import DIGITS, rate_name


def pair_figures(measured: Measured) -> dict[str, Any]:
    """Return figures of both views, of the served one over all impostor pairs and as calibrated."""
    failures = {"failures_to_enrol": len(measured.embedded.failures)}
    figures: dict[str, Any] = {
        view: scores.figures() | failures for view, scores in measured.scores.items()
    }
    figures["served"] = measured.served
    if measured.calibration:
        figures["at_default_threshold"] = _at_threshold(
            measured, measured.calibration.default_threshold
        )
    figures["all_impostor_pairs"] = {
        "pairs": measured.impostors.total,
        "far_supported": float(f"{far_supported(measured):.2g}"),
        "eer": estimate(measured.over_all.eer),
        **{
            rate_name(point.far): estimate(point.tar)
            | {"threshold": round(point.threshold, DIGITS)}
            for point in measured.over_all.points
        },
    }
    return figures


def model_figures(measured: Measured) -> dict[str, Any]:
    """Return all measurements of a model."""
    config = measured.artifact.config
    figures: dict[str, Any] = {
        "model_id": measured.artifact.model_id,
        "title": config.title,
        "terms": config.terms,
        "failures": dict(sorted(Counter(why for _, why in measured.embedded.failures).items())),
        "pairs": pair_figures(measured),
    }
    if measured.anchors:
        figures["several_anchors"] = _anchors(measured.anchors)
    if measured.live_quality:
        figures["faultless"] = {
            "photos": measured.live_quality.photos,
            "several_anchors": _anchors(measured.live_quality.anchors),
        }
    if measured.false_rejections:
        figures["missed_by_five_anchors"] = [
            {
                "photo": "/".join(measured.embedded.photos.paths[row.photo].parts[-2:]),
                "refused": round(row.refused, DIGITS),
                "share_of_refusals": round(row.weight, DIGITS),
            }
            for row in measured.false_rejections
        ]
    if measured.identification:
        figures["identification"] = [
            {
                "people": row.people,
                "anchors": row.anchors,
                "fnir_at_fpir_1e-2": estimate(row.fnir),
                "threshold": round(row.threshold, DIGITS),
                "rank_one_missed": round(row.rank_one_missed, DIGITS),
                "enrolled_searches": row.enrolled_searches,
                "stranger_searches": row.stranger_searches,
                "as_calibrated": _as_calibrated(row),
            }
            for row in measured.identification
        ]
    if measured.degraded:
        figures["degraded"] = {
            "mean_frr_at_far_1e-3": estimate(measured.degraded.mean),
            **{
                row.name: _degraded(row)
                for row in (measured.degraded.untouched, *measured.degraded.results)
            },
        }
    return figures


def far_supported(measured: Measured) -> float:
    """Return the smallest FAR that the people support, by the rule of three.

    Comparisons between the same two people are not independent, so pairs of people are counted.
    """
    people = len(measured.embedded.photos.names)
    return RULE_OF_THREE / (people * (people - 1) / 2)


def estimate(value: Estimate) -> dict[str, Any]:
    """Return a figure and the limits of its 95 % interval; null without one."""
    low, high = value.interval or (None, None)
    return {
        "value": round(value.value, DIGITS) if value.value == value.value else None,
        "low": None if low is None else round(low, DIGITS),
        "high": None if high is None else round(high, DIGITS),
    }


def _anchors(results: Sequence[AnchorsResult]) -> list[dict[str, Any]]:
    return [
        {"rule": row.rule, "anchors": row.anchors, "frr_at_far_1e-3": estimate(row.frr)}
        for row in results
    ]


def _degraded(row: DegradedResult) -> dict[str, Any]:
    return {
        "frr_at_far_1e-3": estimate(row.frr),
        "failures_to_enrol": row.failures,
        "far_at_untouched_threshold": round(row.far_before, DIGITS),
        "frr_at_untouched_threshold": round(row.frr_before, DIGITS),
    }


def _as_calibrated(row: IdentificationResult) -> dict[str, float] | None:
    if row.as_calibrated is None:
        return None
    fpir, fnir = row.as_calibrated
    return {"fpir": round(fpir, DIGITS), "fnir": round(fnir, DIGITS)}


def _at_threshold(measured: Measured, threshold: float) -> dict[str, float]:
    scores = measured.served_scores
    rates = error_rates(scores.genuine, scores.impostor, thresholds=[threshold])
    return {
        "threshold": round(threshold, DIGITS),
        "far": round(float(rates.far[0]), DIGITS),
        "frr": round(float(rates.frr[0]), DIGITS),
    }
