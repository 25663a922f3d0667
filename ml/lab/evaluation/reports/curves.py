"""Curves as SVG; text and axes take the page's colour, for light and dark themes."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from ml.lab.evaluation.measure import Measured
from ml.lab.evaluation.measures.impostors import BINS, EDGES
from ml.lab.evaluation.reports.embedding_map import EmbeddingMap

# Placeholder of the page's text colour.
TEXT = "#010203"
PALETTE = ("#3d85c8", "#d9772b", "#3b9c6c", "#b657a3", "#a08a1e", "#c4524f")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10.0,
    "text.color": TEXT,
    "axes.labelcolor": TEXT,
    "axes.edgecolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
LOWEST_FAR = 1e-6
# Ticks of the DET axes.
DET_TICKS = (1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.4)
# Bars of a histogram from similarity -1 to 1.
HISTOGRAM_BARS = 400


def roc(models: Sequence[Measured]) -> str:
    """Draw TAR over FAR, from the protocol's genuine pairs and all impostor pairs."""
    figure, axes = _figure("roc")
    for measured, colour in zip(models, _colours(models), strict=True):
        far, frr = rates(measured)
        axes.plot(far, 1 - frr, label=measured.artifact.config.name, color=colour)
    axes.set(
        xscale="log",
        xlim=(LOWEST_FAR, 1),
        ylim=(None, 1.002),
        xlabel="FAR: impostor pairs accepted",
        ylabel="TAR: genuine pairs accepted",
    )
    return _finished(figure, axes)


def det(models: Sequence[Measured]) -> str:
    """Draw FRR over FAR on normal deviates, on which normal distributions give straight lines.

    Martin et al., "The DET curve in assessment of detection task performance", 1997.
    """
    figure, axes = _figure("det")
    low, high = norm.ppf(DET_TICKS[0] / 3), norm.ppf(0.5)
    for measured, colour in zip(models, _colours(models), strict=True):
        far, frr = rates(measured)
        axes.plot(
            norm.ppf(np.clip(far, 1e-9, 1 - 1e-9)),
            norm.ppf(np.clip(frr, 1e-9, 1 - 1e-9)),
            label=measured.artifact.config.name,
            color=colour,
        )
    axes.plot([low, high], [low, high], color=TEXT, linewidth=0.6, linestyle=":", label="EER")
    in_percent = [f"{100 * rate:g}" for rate in DET_TICKS]
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="FAR in %", ylabel="FRR in %")
    axes.set_xticks(norm.ppf(DET_TICKS), in_percent)
    axes.set_yticks(norm.ppf(DET_TICKS), in_percent)
    return _finished(figure, axes)


def histogram(measured: Measured, name: str) -> str:
    """Draw the distributions of genuine and impostor pairs over similarity."""
    figure, axes = _figure(f"histogram {name}")
    step = BINS // HISTOGRAM_BARS
    edges = EDGES[::step]
    impostor = np.add.reduceat(measured.impostors.counts, np.arange(0, BINS, step))
    genuine = np.histogram(measured.served_scores.genuine, edges)[0]
    for counts, kind, colour in zip(
        (genuine, impostor), ("genuine", "impostor"), PALETTE, strict=False
    ):
        shares = counts / max(counts.sum(), 1)
        axes.stairs(shares, edges, fill=True, alpha=0.55, label=kind, color=colour)
    if measured.calibration:
        threshold = measured.calibration.default_threshold
        axes.axvline(
            threshold, color=TEXT, linewidth=0.8, linestyle="--", label="default threshold"
        )
    seen = np.flatnonzero(impostor + genuine)
    # Pairs without a face are in the first bin; the axis begins at the first other bin.
    left = edges[seen[1] if seen[0] == 0 and len(seen) > 1 else seen[0]]
    axes.set(xlim=(left, edges[seen[-1] + 1]), xlabel="similarity", ylabel="share of the pairs")
    return _finished(figure, axes)


def map_of_embeddings(layout: EmbeddingMap, name: str) -> str:
    """Draw the map of some people's photos, with one colour and marker a person."""
    figure, axes = _figure(f"map {name}")
    for index, person in enumerate(layout.names):
        places = layout.places[layout.person == index]
        axes.scatter(
            places[:, 0],
            places[:, 1],
            s=18,
            color=PALETTE[index % len(PALETTE)],
            marker="os^vD*"[index // len(PALETTE) % 6],
            label=person,
        )
    axes.set(xticks=[], yticks=[])
    return _finished(figure, axes, legend_outside=True)


def rates(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    """Return FAR and FRR at the lower edge of every bin in which either changes."""
    impostor = measured.impostors.counts
    genuine = np.histogram(measured.served_scores.genuine, EDGES)[0]
    changing = np.flatnonzero(impostor + genuine)
    far = impostor[::-1].cumsum()[::-1] / max(impostor.sum(), 1)
    frr = 1 - genuine[::-1].cumsum()[::-1] / max(genuine.sum(), 1)
    return far[changing], frr[changing]


def _colours(models: Sequence[Measured]) -> list[str]:
    return [PALETTE[index % len(PALETTE)] for index in range(len(models))]


def _figure(name: str) -> tuple[Figure, Axes]:
    # Identifiers in the SVG must be unique on the page.
    with plt.rc_context(STYLE | {"svg.hashsalt": name}):
        figure, axes = plt.subplots(figsize=(6, 4.2), layout="constrained")
    figure.set_gid(name)
    return figure, axes


def _finished(figure: Figure, axes: Axes, *, legend_outside: bool = False) -> str:
    with plt.rc_context(STYLE | {"svg.hashsalt": figure.get_gid()}):
        axes.grid(alpha=0.2)
        if legend_outside:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
        else:
            axes.legend()
        out = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", metadata=nothing)
    plt.close(figure)
    svg = out.getvalue().replace(TEXT, "currentColor")
    drawing = svg[svg.index("<svg") :]
    return re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
