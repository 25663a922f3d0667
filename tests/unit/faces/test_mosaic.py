from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ml.faces.detector.detect import SETTINGS
from ml.faces.detector.mosaic import NEUTRAL, Mosaic

CANVASES = [(320, 240), (240, 320), (320, 320), (800, 800), (64, 48)]


def mosaic(width: int, height: int) -> Mosaic:
    return Mosaic.of(width, height, SETTINGS.scales(min(width, height)))


@pytest.mark.parametrize(("width", "height"), CANVASES)
def test_slots_do_not_overlap_and_start_on_cells(width: int, height: int) -> None:
    slots = mosaic(width, height).slots
    assert not any(a.meets(b) for a, b in combinations(slots, 2))
    assert all(value % 2 == 0 for slot in slots for value in (slot.x, slot.y))


@pytest.mark.parametrize(("width", "height"), CANVASES)
def test_little_of_the_canvas_is_empty(width: int, height: int) -> None:
    layout = mosaic(width, height)
    used = sum(slot.width * slot.height for slot in layout.slots)
    assert used > 0.75 * np.prod(layout.shape)


def test_levels_shrink_to_the_shortest_side_and_no_further() -> None:
    levels = mosaic(320, 240).levels(np.zeros((100, 90, 3), np.uint8), 12)
    shortest = [min(level.pixels.shape[:2]) for level in levels]
    assert shortest == sorted(shortest, reverse=True)
    assert shortest[-1] >= 12
    assert shortest[-1] * SETTINGS.scale_step < 12


def test_every_level_is_painted_into_its_slot() -> None:
    layout = mosaic(320, 240)
    levels = layout.levels(np.full((240, 320, 3), 250, np.uint8), 12)
    canvas = layout.paint(levels)
    for slot, level in zip(layout.slots, levels, strict=True):
        height, width = level.pixels.shape[:2]
        assert (canvas[slot.y : slot.y + height, slot.x : slot.x + width] == 250).all()
    painted = sum(level.pixels.shape[0] * level.pixels.shape[1] for level in levels)
    assert (canvas[..., 0] == 250).sum() == painted
    assert set(np.unique(canvas)) == {NEUTRAL, 250}
