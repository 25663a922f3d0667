"""Where rates stand in a drawing: scores from left to right, rates downwards in powers of ten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10

from webapp.services.threshold_cost import Rate


@dataclass(frozen=True)
class DrawnRates:
    """A line of rates and the band of their intervals, as points of SVG."""

    line: str
    band: str


@dataclass(frozen=True)
class RateChart:
    """The drawing's area, in units of its viewBox, and the smallest rate that it shows."""

    left: float = 92
    top: float = 10
    width: float = 316
    height: float = 210
    least: float = 1e-5
    highest_score: float = 100

    @property
    def right(self) -> float:
        """Where the highest score stands."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where the smallest rate stands."""
        return self.top + self.height

    @property
    def decades(self) -> tuple[float, ...]:
        """The rates at which lines are drawn, from 1 to the smallest."""
        return tuple(10.0**-power for power in range(round(-log10(self.least)) + 1))

    def x(self, score: float) -> float:
        """Where a score stands."""
        return round(self.left + self.width * score / self.highest_score, 2)

    def y(self, rate: float) -> float:
        """Where a rate, 0 to 1, stands; below the smallest shown it stands at the bottom."""
        depth = log10(max(rate, self.least)) / log10(self.least)
        return round(self.top + self.height * depth, 2)

    def draw(self, scores: Sequence[float], rates: Sequence[Rate]) -> DrawnRates:
        """Draw rates over their scores."""
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
