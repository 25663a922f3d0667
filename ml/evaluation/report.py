"""One HTML page for several models: tables, curves and pictures inside it, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ml.evaluation import curves
from ml.evaluation.embedding_map import embedding_map
from ml.evaluation.figures import model_figures
from ml.evaluation.impostors import REFUSED
from ml.evaluation.measure import VIEWS, Measured
from ml.evaluation.protocols import Protocol
from ml.evaluation.resampling import Estimate
from ml.evaluation.worst import WorstPair, least_alike_genuine, most_alike_strangers, thumbnail

TEMPLATE = "report.html.jinja"


def render(protocol: Protocol, models: Sequence[Measured]) -> str:
    """The page; models stand side by side in the order given, the first is what others are
    compared with."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "with_interval": with_interval}
    return environment.get_template(TEMPLATE).render(
        protocol=protocol,
        models=models,
        figures=[model_figures(measured) for measured in models],
        roc=Markup(curves.roc(models)),  # noqa: S704  our own drawing
        det=Markup(curves.det(models)),  # noqa: S704
        pictures=[_pictures(measured) for measured in models],
        differences=_differences(models),
    )


def percent(share: float, digits: int = 2) -> str:
    """A share as 12.34 %."""
    return f"{share:.{digits}%}".replace("%", " %")


def with_interval(estimate: Estimate) -> str:
    """A share with its interval: 12.34 % (11.90 to 12.81)."""
    if estimate.value != estimate.value:
        return "not known"
    if estimate.interval is None:
        return percent(estimate.value)
    low, high = estimate.interval
    return f"{percent(estimate.value)} ({low * 100:.2f} to {high * 100:.2f})"


def _pictures(measured: Measured) -> dict[str, Any]:
    mirrored = VIEWS[measured.served]
    layout = embedding_map(measured.embedded, mirrored=mirrored)
    name = measured.artifact.model_id
    person = measured.embedded.photos.person
    return {
        "histogram": Markup(curves.histogram(measured)),  # noqa: S704  our own drawing
        "map": Markup(curves.map_of_embeddings(layout, name)) if layout else "",  # noqa: S704
        "genuine": _sheet(measured, least_alike_genuine(measured.served_scores)),
        "impostor": _sheet(measured, most_alike_strangers(measured.impostors, person)),
    }


def _sheet(measured: Measured, pairs: Sequence[WorstPair]) -> list[dict[str, Any]]:
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


def _differences(models: Sequence[Measured]) -> list[dict[str, Any]]:
    """TAR of each further model less the first one's, on the same resamples of people."""
    return [
        {
            "name": other.artifact.config.name,
            "points": [
                (mine.far, theirs.tar.minus(mine.tar))
                for mine, theirs in zip(
                    models[0].over_all.points, other.over_all.points, strict=True
                )
            ],
        }
        for other in models[1:]
    ]
