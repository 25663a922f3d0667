"""Coordinates of the threshold page's charts, in units of their viewBoxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from statistics import NormalDist

import numpy as np

from ml import Calibration, Histogram
from webapp.services.thresholds.error_rates import Cost, Rate

probit = NormalDist().inv_cdf


@dataclass(frozen=True)
class Area:
    """A chart's area, and the margins for labels."""

    left: float = 92
    top: float = 10
    width: float = 316
    height: float = 210
    beside: float = 12
    below: float = 50

    @property
    def right(self) -> float:
        """The x coordinate of the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The y coordinate of the lower edge."""
        return self.top + self.height

    @property
    def view_width(self) -> float:
        """The width of the whole drawing."""
        return self.right + self.beside

    @property
    def view_box(self) -> str:
        """The SVG viewBox of the whole drawing."""
        return f"0 0 {self.view_width:g} {self.bottom + self.below:g}"


@dataclass(frozen=True)
class DrawnRates:
    """A line of rates and the band of their intervals, as SVG points."""

    line: str
    band: str


@dataclass(frozen=True)
class RateChart(Area):
    """Scores from left to right, rates downwards in powers of ten to the smallest shown."""

    least: float = 1e-5
    highest_score: float = 100

    @property
    def decades(self) -> tuple[float, ...]:
        """The rates of the grid lines, from 1 to the smallest."""
        return tuple(10.0**-power for power in range(round(-log10(self.least)) + 1))

    def x(self, score: float) -> float:
        """Return the x coordinate of a score."""
        return round(self.left + self.width * score / self.highest_score, 2)

    def y(self, rate: float) -> float:
        """Return the y coordinate of a rate, 0 to 1; rates below the smallest are at the bottom."""
        depth = log10(max(rate, self.least)) / log10(self.least)
        return round(self.top + self.height * depth, 2)

    def draw(self, scores: Sequence[float], rates: Sequence[Rate]) -> DrawnRates:
        """Return the line and band of rates over their scores."""
        upper = self._points(scores, [rate.high for rate in rates])
        lower = self._points(scores, [rate.low for rate in rates])
        return DrawnRates(
            line=" ".join(self._points(scores, [rate.share for rate in rates])),
            band=" ".join([*upper, *reversed(lower)]),
        )

    def _points(self, scores: Sequence[float], shares: Iterable[float]) -> list[str]:
        return [
            f"{self.x(score)},{self.y(share)}" for score, share in zip(scores, shares, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class HistogramChart(Area):
    """Similarities from left to right, labelled by their scores; shares upwards.

    The scale is not linear in scores: all strangers would be at its lower end.
    """

    histogram: Histogram
    calibration: Calibration
    left: float = 16
    width: float = 388
    beside: float = 16
    labelled: tuple[float, ...] = (2, 20, 50, 80, 100)
    label_width: float = 26

    def x(self, score: float) -> float:
        """Return the x coordinate of a score."""
        return self._x(self.calibration.similarity(score))

    @property
    def labels(self) -> tuple[float, ...]:
        """The labelled scores: those inside the area that do not overlap."""
        shown: list[float] = []
        for score in self.labelled:
            inside = self.left < self.x(score) < self.right
            if inside and (not shown or self.x(score) - self.x(shown[-1]) >= self.label_width):
                shown.append(score)
        return tuple(shown)

    @property
    def places(self) -> list[tuple[float, float]]:
        """Scores and their x coordinates; linear in between."""
        ends = (self.calibration.score(float(self.histogram.edges[end])) for end in (0, -1))
        scores = {float(score) for score in self.calibration.score_knots[1]} | set(ends)
        return [(score, self.x(score)) for score in sorted(scores)]

    @property
    def genuine(self) -> str:
        """The outline of the genuine trials, as SVG points."""
        return self._outline(self.histogram.genuine)

    @property
    def impostor(self) -> str:
        """The outline of the impostor trials, as SVG points."""
        return self._outline(self.histogram.impostor)

    def _outline(self, shares: np.ndarray) -> str:
        highest = max(self.histogram.genuine.max(), self.histogram.impostor.max())
        steps = [(self.left, self.bottom)]
        for number, share in enumerate(shares):
            y = round(self.bottom - self.height * float(share / highest), 2)
            steps += [(self._x(float(self.histogram.edges[number + side])), y) for side in (0, 1)]
        return " ".join(f"{x},{y}" for x, y in [*steps, (self.right, self.bottom)])

    def _x(self, similarity: float) -> float:
        low, high = float(self.histogram.edges[0]), float(self.histogram.edges[-1])
        share = min(max((similarity - low) / (high - low), 0.0), 1.0)
        return round(self.left + self.width * share, 2)


@dataclass(frozen=True)
class DetChart(Area):
    """The detection error trade-off: FAR from left to right, FRR upwards, on probit axes.

    Martin et al., "The DET curve in assessment of detection task performance", 1997. Drawn only
    where the data supports both rates.
    """

    left: float = 62
    width: float = 346
    height: float = 250
    rates: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5)

    def x(self, far: float) -> float:
        """Return the x coordinate of a FAR."""
        return round(self.left + self.width * self._place(far), 2)

    def y(self, frr: float) -> float:
        """Return the y coordinate of an FRR."""
        return round(self.bottom - self.height * self._place(frr), 2)

    def places(self, corners: Sequence[Cost]) -> list[tuple[float, float, float]]:
        """Return scores and the coordinates of their two rates, ascending; linear in between."""
        return [
            (cost.score, self.x(cost.strangers.share), self.y(cost.genuine.share))
            for cost in corners
            if cost.strangers.is_supported and cost.genuine.is_supported
        ]

    def _place(self, rate: float) -> float:
        low, high = probit(self.rates[0]), probit(self.rates[-1])
        within = min(max(rate, self.rates[0]), self.rates[-1])
        return (probit(within) - low) / (high - low)


def place_at(
    places: Sequence[tuple[float, float, float]], score: float
) -> tuple[float, float] | None:
    """Return the coordinates of a score, interpolated between places; None outside of them."""
    if not places or not places[0][0] <= score <= places[-1][0]:
        return None
    scores, xs, ys = zip(*places, strict=True)
    return round(float(np.interp(score, scores, xs)), 2), round(
        float(np.interp(score, scores, ys)), 2
    )
