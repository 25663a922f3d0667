"""Cues of one picture, on pictures that are drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.liveness.passive.border import border
from ml.liveness.passive.moire import moire
from ml.liveness.passive.report import auc, figures

HEIGHT, WIDTH = 243, 324
ACROSS, ALONG = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
LANDMARKS = np.float32([[145, 100], [180, 100], [162, 122], [147, 138], [178, 138]])


def room() -> np.ndarray:
    """A face-like blob before a wall, without an edge in it, grainy as a camera's picture."""
    random = np.random.default_rng(3)
    wall = cv2.GaussianBlur(random.uniform(0, 255, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 9)
    face = 90 * np.exp(-(((ACROSS - 162) / 45) ** 2) - ((ALONG - 118) / 60) ** 2)
    return np.clip(wall + face + random.normal(0, 2, wall.shape), 0, 255).astype(np.uint8)


ROOM = room()


def through_a_grid(picture: np.ndarray, period: float, degrees: float) -> np.ndarray:
    along = np.cos(np.radians(degrees)) * ACROSS + np.sin(np.radians(degrees)) * ALONG
    return np.clip(picture * (1 + 0.08 * np.cos(2 * np.pi * along / period)), 0, 255).astype(
        np.uint8
    )


@given(st.floats(2.5, 7.5), st.floats(10, 80))
def test_a_grid_stands_out_of_the_spectrum(period: float, degrees: float) -> None:
    plain = ROOM

    assert moire(through_a_grid(plain, period, degrees), LANDMARKS) > moire(plain, LANDMARKS) + 3


def test_the_blocks_of_jpeg_are_no_grid() -> None:
    plain = ROOM
    packed = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]

    assert (
        moire(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), LANDMARKS) < moire(plain, LANDMARKS) + 3
    )


@pytest.mark.parametrize("degrees", [-8.0, 0.0, 8.0])
def test_the_border_of_a_sheet_is_found(degrees: float) -> None:
    turn = cv2.getRotationMatrix2D((162, 118), degrees, 1.0)
    corners = np.array([[92, 30], [232, 30], [232, 215], [92, 215]], np.float32)
    sheet = cv2.transform(corners[None], turn)[0]

    held = cv2.fillPoly(ROOM // 2, [sheet.astype(np.int32)], 230)

    assert border(held, LANDMARKS) > 2


def test_a_room_without_edges_has_no_border() -> None:
    assert border(ROOM, LANDMARKS) < 1


def test_one_edge_is_no_border() -> None:
    door = ROOM.copy()
    door[:, 240:] = 20

    assert border(door, LANDMARKS) < 1


def test_a_blank_frame_has_no_border() -> None:
    assert border(np.full((HEIGHT, WIDTH), 128, np.uint8), LANDMARKS) == 0


def test_auc_counts_pairs_in_order_and_half_of_those_alike() -> None:
    assert auc(np.array([1.0, 2.0]), np.array([2.0, 3.0])) == pytest.approx(3.5 / 4)


def test_bounds_come_from_the_people_for_tuning() -> None:
    def attempts(case: str, values: list[float]) -> list[dict[str, object]]:
        return [
            {"case": case, "cues": {"moiré": each}, "turned": [[10 - each, 12 - each]]}
            for each in values
        ]

    tuning = attempts("genuine", [0.0, 1.0, 2.0])
    reported = attempts("genuine", [0.5, 3.0]) + attempts("screen", [5.0, 1.5])

    rows = figures(tuning, reported, {"moiré": [9.0, 0.0]})

    of_screens = next(row for row in rows if (row["cue"], row["case"]) == ("moiré", "screen"))
    of_people = next(row for row in rows if (row["cue"], row["case"]) == ("moiré", "genuine"))
    assert of_screens["beyond_0.01"] == 0.5
    assert of_people["beyond_0.01"] == 0.5
    assert {row["case"] for row in rows if row["cue"] == "moiré"} == {
        "genuine",
        "screen",
        "real photos",
    }
