"""Accuracy of the guidance on 500 faces of LFW, untouched and degraded.

One photo each of 500 people, drawn at random from people that were unseen when the limits were
chosen. Photos with the verdict "only one face, please" and a visible second face of comparable size
are left out: that verdict is correct. `second_faces.txt` lists them. Every other photo counts,
untouched and under every degradation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from ml.lab.evaluation.protocols.photos import SHARED
from tests.support import faces
from webapp.core.actor import SERVER
from webapp.services.enrolment.capture_guidance import FrameVerdict, check_frame

pytestmark = [pytest.mark.data, pytest.mark.real_faces]
PHOTOS = 500
AT_LEAST = 0.95
FRAME = (640, 480)
WALL = (140, 140, 140)
SECOND_FACES = Path(__file__).with_name("second_faces.txt")

Disturb = Callable[[Image.Image], Image.Image]


def _shrunk(photo: Image.Image) -> Image.Image:
    return _pasted(photo, 130, (0, 0))


def _shifted(photo: Image.Image) -> Image.Image:
    return _pasted(photo, 400, (190, 0))


def _enlarged(photo: Image.Image) -> Image.Image:
    return _pasted(photo, 960, (0, 0))


def _darkened(photo: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(photo).enhance(0.15)


def _blurred(photo: Image.Image) -> Image.Image:
    return photo.filter(ImageFilter.GaussianBlur(5))


def _pasted(photo: Image.Image, side: int, move: tuple[int, int]) -> Image.Image:
    frame = Image.new("RGB", FRAME, WALL)
    corner = tuple((length - side) // 2 + by for length, by in zip(FRAME, move, strict=True))
    frame.paste(photo.resize((side, side), Image.Resampling.BICUBIC), corner)
    return frame


DISTURBED: dict[str, tuple[Disturb, str]] = {
    "moved away": (_shrunk, "too_small"),
    "too close": (_enlarged, "too_close"),
    "moved aside": (_shifted, "off_centre"),
    "darkened": (_darkened, "too_dark"),
    "blurred": (_blurred, "blurred"),
}


def _drawn() -> Iterator[Path]:
    """Return first photos of people in random order, except those of an earlier evaluation."""
    paths = sorted((SHARED / "lfw").glob("*/*_0001.jpg"))
    evaluated = set(random.Random(2026).sample(paths, 1000))
    unseen = [path for path in paths if path not in evaluated]
    yield from random.Random(20261124).sample(unseen, len(unseen))


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    crowded = set(SECOND_FACES.read_text().split())
    alone = (path for path in _drawn() if path.stem not in crowded)
    return [faces.opened(next(alone).read_bytes()) for _ in range(PHOTOS)]


def _verdict(photo: Image.Image) -> FrameVerdict:
    return check_frame(faces.jpeg(photo), SERVER)


@pytest.mark.usefixtures("app")
def test_untouched_faces_are_good(photos: list[Image.Image]) -> None:
    good = sum(_verdict(photo).ok for photo in photos)
    print(f"good: {good} of {PHOTOS}")
    assert good >= AT_LEAST * PHOTOS


@pytest.mark.parametrize("name", DISTURBED)
@pytest.mark.usefixtures("app")
def test_a_disturbed_face_gets_the_right_instruction(name: str, photos: list[Image.Image]) -> None:
    disturb, reason = DISTURBED[name]
    right = sum(_verdict(disturb(photo)).reasons[:1] == (reason,) for photo in photos)
    print(f"{reason}: {right} of {PHOTOS}")
    assert right >= AT_LEAST * PHOTOS
