"""Where figures stand in a drawing: days from left to right, values upwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10

MOST_STEPS = 4


@dataclass(frozen=True)
class Bar:
    """One rectangle, in units of the drawing."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DayChart:
    """A drawing's area, in units of its viewBox, for so many days and values from 0 up.

    `highest` is the largest value that has to fit; the area reaches to the next round one.
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
        """The distance of the lines: 1, 2 or 5 times a power of ten."""
        if self.highest <= 0:
            return 1.0
        least = self.highest / MOST_STEPS
        power = 10.0 ** floor(log10(least))
        return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)

    @property
    def ticks(self) -> tuple[float, ...]:
        """The values at which lines are drawn, from 0."""
        return tuple(self.step * number for number in range(self._steps + 1))

    @property
    def right(self) -> float:
        """Where the last day ends."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Where 0 stands."""
        return self.top + self.height

    def x(self, day: int) -> float:
        """Where the middle of a day stands, by its number from 0."""
        return round(self.left + self.width * (day + 0.5) / self.days, 2)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return round(self.bottom - self.height * value / (self.step * self._steps), 2)

    def bars(self, values: Sequence[float], below: Sequence[float]) -> Iterator[Bar]:
        """A bar a day, standing on what is below it; none for nothing."""
        width = round(self.width / self.days * (1 - self.gap), 2)
        for day, (value, base) in enumerate(zip(values, below, strict=True)):
            if value:
                top = self.y(base + value)
                yield Bar(
                    round(self.x(day) - width / 2, 2), top, width, round(self.y(base) - top, 2)
                )

    def lines(self, values: Sequence[float | None]) -> Iterator[str]:
        """The points of each unbroken line; a day without a value breaks it."""
        for run in _runs(values):
            yield " ".join(f"{self.x(day)},{self.y(value)}" for day, value in run)

    def band(self, low: Sequence[float | None], high: Sequence[float | None]) -> Iterator[str]:
        """The points of each unbroken area between two lines that break together."""
        for lower, upper in zip(_runs(low), _runs(high), strict=True):
            yield " ".join(
                f"{self.x(day)},{self.y(value)}" for day, value in [*upper, *reversed(lower)]
            )

    def dots(self, values: Sequence[float | None]) -> Iterator[tuple[float, float]]:
        """The place of every value, so that a day between two without one is seen."""
        for day, value in enumerate(values):
            if value is not None:
                yield self.x(day), self.y(value)

    def labelled_days(self, most: int = 5) -> range:
        """The numbers of the days that have room for their name; the last day is one of them."""
        step = ceil(self.days / most)
        return range((self.days - 1) % step, self.days, step)

    @property
    def _steps(self) -> int:
        return max(1, ceil(self.highest / self.step - 1e-9))


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Stretches of days that have values."""
    for has_value, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if has_value:
            yield [(day, value) for day, value in run if value is not None]
