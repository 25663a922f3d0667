"""Report on several models: one self-contained HTML page with tables, curves and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ml.lab.evaluation.measure import VIEWS, Measured
from ml.lab.evaluation.measures.figures import far_supported, model_figures
from ml.lab.evaluation.measures.impostors import REFUSED
from ml.lab.evaluation.measures.resampling import Estimate
from ml.lab.evaluation.protocols.protocols import Protocol
from ml.lab.evaluation.reports import curves
from ml.lab.evaluation.reports.embedding_map import embedding_map
from ml.lab.evaluation.reports.false_rejections import FalseRejection
from ml.lab.evaluation.reports.hardest_pairs import (
    HardPair,
    hardest_genuine,
    hardest_impostors,
    thumbnail,
)
from ml.matching import DEFAULT_RULE

TEMPLATE = "report.html.jinja"


def render(protocol: Protocol, models: Sequence[Measured]) -> str:
    """Return the page. Models are in the given order; the first is the baseline."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "with_interval": with_interval,
        "exponent": exponent,
    }
    return environment.get_template(TEMPLATE).render(
        protocol=protocol,
        models=models,
        figures=[model_figures(measured) for measured in models],
        roc=Markup(curves.roc(models)),  # noqa: S704  our own drawing
        det=Markup(curves.det(models)),  # noqa: S704
        pictures=[_pictures(measured, str(number)) for number, measured in enumerate(models)],
        differences=_differences(models) if len(models) > 1 else [],
        far_supported=far_supported(models[0]),
    )


def percent(share: float, digits: int = 2) -> str:
    """Format a share as 12.34 %."""
    return f"{share:.{digits}%}".replace("%", " %")


def with_interval(estimate: Estimate) -> str:
    """Format a share with its interval as 12.34 % (11.90 to 12.81)."""
    if estimate.value != estimate.value:
        return "not known"
    if estimate.interval is None:
        return percent(estimate.value)
    low, high = estimate.interval
    return f"{percent(estimate.value)} ({low * 100:.2f} to {high * 100:.2f})"


def exponent(rate: float) -> str:
    """Format a power of ten as 1e-3."""
    return f"1e{round(log10(rate))}"


def _pictures(measured: Measured, name: str) -> dict[str, Any]:
    """Return drawings and sheets of one model; `name` makes identifiers unique on the page."""
    mirrored = VIEWS[measured.served]
    layout = embedding_map(measured.embedded, mirrored=mirrored)
    person = measured.embedded.photos.person
    return {
        "histogram": Markup(curves.histogram(measured, name)),  # noqa: S704  our own drawing
        "map": Markup(curves.map_of_embeddings(layout, name)) if layout else "",  # noqa: S704
        "genuine": _sheet(measured, hardest_genuine(measured.served_scores)),
        "impostor": _sheet(measured, hardest_impostors(measured.impostors, person)),
        "missed": _missed(measured, measured.false_rejections),
    }


def _sheet(measured: Measured, pairs: Sequence[HardPair]) -> list[dict[str, Any]]:
    embedded = measured.embedded
    names, person = embedded.photos.names, embedded.photos.person
    return [
        {
            "faces": [thumbnail(embedded, row) for row in (pair.a, pair.b)],
            "people": [names[person[row]] for row in (pair.a, pair.b)],
            "files": [embedded.photos.paths[row].name for row in (pair.a, pair.b)],
            "similarity": None if pair.similarity == REFUSED else pair.similarity,
        }
        for pair in pairs
    ]


def _missed(measured: Measured, missed: Sequence[FalseRejection]) -> list[dict[str, Any]]:
    """Return the photos as a sheet of pairs, each with its share of rejections."""
    pairs = [HardPair(one.photo, one.nearest, one.similarity) for one in missed]
    return [
        shown | {"refused": one.refused, "weight": one.weight}
        for shown, one in zip(_sheet(measured, pairs), missed, strict=True)
    ]


def _differences(models: Sequence[Measured]) -> list[tuple[str, list[Estimate]]]:
    """Return the differences of each further model from the first, on the same resamples."""
    tables = [_comparable(measured) for measured in models]
    return [
        (name, [table[name].minus(first) for table in tables[1:]])
        for name, first in tables[0].items()
    ]


def _comparable(measured: Measured) -> dict[str, Estimate]:
    """Return the figures by which models are compared."""
    view = measured.served_scores
    figures = {"accuracy by folds": view.accuracy, "EER": measured.over_all.eer}
    figures |= {f"TAR at FAR {exponent(one.far)}": one.tar for one in measured.over_all.points}
    figures |= {
        f"FRR at FAR 1e-3, {row.rule} of {row.anchors}": row.frr
        for row in measured.anchors
        if row.rule == DEFAULT_RULE
    }
    figures |= {
        f"FNIR at FPIR 1e-2, {row.people:,} people, {row.anchors} anchors": row.fnir
        for row in measured.identification
    }
    if measured.degraded:
        figures["degraded photos, mean FRR at FAR 1e-3"] = measured.degraded.mean
    return figures
