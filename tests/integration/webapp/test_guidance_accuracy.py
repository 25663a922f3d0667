"""How often the guide gives the right instruction, on LFW faces disturbed on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from tests import faces
from webapp.services.guidance import Check, check_frame

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not faces.HAS_SHARED, reason="needs the faces of ../shared/data/lfw"),
]
PHOTOS = 500
AT_LEAST = 0.95
FRAME = (640, 480)
WALL = (140, 140, 140)

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


def _found(number: int) -> list[Image.Image]:
    """Photos of different people, drawn at random but always the same."""
    paths = sorted((faces.SHARED / "lfw").glob("*/*_0001.jpg"))
    drawn = random.Random(2026).sample(paths, number)
    return [faces.opened(path.read_bytes()) for path in drawn]


def _verdict(photo: Image.Image) -> Check:
    return check_frame(faces.jpeg(photo))


@pytest.mark.usefixtures("app")
def test_untouched_faces_are_good() -> None:
    """Photos with a second face are left out: the guide is right to complain of those."""
    verdicts = [_verdict(photo) for photo in _found(PHOTOS)]
    alone = [verdict for verdict in verdicts if "two_faces" not in verdict.reasons]
    good = sum(verdict.ok for verdict in alone)
    assert good >= AT_LEAST * len(alone), f"{good} of {len(alone)}"


@pytest.mark.parametrize("name", DISTURBED)
@pytest.mark.usefixtures("app")
def test_a_disturbed_face_gets_the_right_instruction(name: str) -> None:
    """Of photos that are good untouched, so that only the disturbance is wrong with them."""
    disturb, reason = DISTURBED[name]
    good = [photo for photo in _found(2 * PHOTOS) if _verdict(photo).ok][:PHOTOS]
    assert len(good) == PHOTOS
    right = sum(_verdict(disturb(photo)).reasons[:1] == (reason,) for photo in good)
    assert right >= AT_LEAST * PHOTOS, f"{right} of {PHOTOS}"
