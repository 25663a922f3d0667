from __future__ import annotations

import io

import pytest
from PIL import Image

import ml
from ml.lab.benchmarks.photos import (
    MEGAPIXELS_12,
    WEBCAM,
    group_photos,
    large_photos,
    webcam_frames,
)
from ml.lab.benchmarks.stages import Stopwatch, ratios

pytestmark = pytest.mark.real_faces


@pytest.mark.parametrize(
    ("make", "size", "faces"),
    [(webcam_frames, WEBCAM, 1), (large_photos, MEGAPIXELS_12, 1), (group_photos, (1600, 800), 8)],
)
def test_photos_to_time_hold_the_faces_they_promise(
    engine: ml.Engine, make: object, size: tuple[int, int], faces: int
) -> None:
    (photo,) = make(1)
    assert Image.open(io.BytesIO(photo)).size == size
    found = engine.inspect(photo, thorough=True).faces
    assert abs(len(found) - faces) <= 1


def test_summaries_are_medians_and_the_95th_percentile() -> None:
    watch = Stopwatch()
    for value in range(101):
        watch.note({"detect_ms": float(value)})
    assert watch.summary() == {"detect_ms": {"median": 50.0, "p95": 95.0}, "photos": 101}


def test_ratios_compare_medians() -> None:
    report = {
        "detect_ms": {"median": 10.0},
        "detect_library_ms": {"median": 85.0},
        "total_ms": {"median": 30.0},
        "photo_12mp": {"total_ms": {"median": 60.0}},
    }
    assert ratios(report) == {"library_over_detect": 8.5, "photo_12mp_over_webcam": 2.0}
