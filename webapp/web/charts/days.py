"""Coordinates of charts over days: days from left to right, values upwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10

MOST_STEPS = 4


@dataclass(frozen=True)
class Bar:
    """A rectangle, in units of the drawing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DayChart:
    """A chart's area, in units of its viewBox, for a number of days and values from 0.

    `highest` is the largest value to fit in; the area extends to the next tick.
    """

    days: int
    highest: float
    left: float = 56
    top: float = 12
    width: float = 338
    height: float = 150
    gap: float = 0.25

    @property
    def step(self) -> float:
        """The distance of ticks: 1, 2 or 5 times a power of ten."""
        if self.highest <= 0:
            return 1.0
        least = self.highest / MOST_STEPS
        power = 10.0 ** floor(log10(least))
        return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)

    @property
    def ticks(self) -> tuple[float, ...]:
        """The values of the ticks, from 0."""
        return tuple(self.step * number for number in range(self._steps + 1))

    @property
    def right(self) -> float:
        """The x coordinate of the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The y coordinate of value 0."""
        return self.top + self.height

    def x(self, day: int) -> float:
        """Return the x coordinate of a day's middle; days count from 0."""
        return round(self.left + self.width * (day + 0.5) / self.days, 2)

    def y(self, value: float) -> float:
        """Return the y coordinate of a value."""
        return round(self.bottom - self.height * value / (self.step * self._steps), 2)

    def bars(self, values: Sequence[float], below: Sequence[float]) -> Iterator[Bar]:
        """Yield a bar for each day, stacked on `below`; none for a value of 0."""
        width = round(self.width / self.days * (1 - self.gap), 2)
        for day, (value, base) in enumerate(zip(values, below, strict=True)):
            if value:
                top = self.y(base + value)
                yield Bar(
                    round(self.x(day) - width / 2, 2), top, width, round(self.y(base) - top, 2)
                )

    def lines(self, values: Sequence[float | None]) -> Iterator[str]:
        """Yield the points of each unbroken line; a day without a value breaks it."""
        for run in _runs(values):
            yield " ".join(f"{self.x(day)},{self.y(value)}" for day, value in run)

    def band(self, low: Sequence[float | None], high: Sequence[float | None]) -> Iterator[str]:
        """Yield the points of each unbroken area between two lines that break together."""
        for lower, upper in zip(_runs(low), _runs(high), strict=True):
            yield " ".join(
                f"{self.x(day)},{self.y(value)}" for day, value in [*upper, *reversed(lower)]
            )

    def dots(self, values: Sequence[float | None]) -> Iterator[tuple[float, float]]:
        """Yield the coordinates of every value; they show a day between two without a value."""
        for day, value in enumerate(values):
            if value is not None:
                yield self.x(day), self.y(value)

    def labelled_days(self, most: int = 5) -> range:
        """Return the days that have room for a label; the last day is one of them."""
        step = ceil(self.days / most)
        return range((self.days - 1) % step, self.days, step)

    @property
    def _steps(self) -> int:
        return max(1, ceil(self.highest / self.step - 1e-9))


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Yield runs of consecutive days that have values."""
    for has_value, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if has_value:
            yield [(day, value) for day, value in run if value is not None]
