"""Limits of pictures by purpose, checked by their headers."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from ml.errors import TooManyBytes, TooManyPixels, TooManyScans
from ml.faces.decode import LIMITS, LIVE_LIMITS, decode, limits_for


def encoded(size: tuple[int, int], kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind, **options)
    return out.getvalue()


def without_pixels(data: bytes) -> bytes:
    """Return a file with its header only, which a decoder finds truncated."""
    return data[:200]


@pytest.mark.parametrize("size", [(10_000, 5_000), (2_000, 1_001), (40_000, 51)])
def test_a_live_frame_of_too_many_pixels_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(TooManyPixels):
        decode(without_pixels(encoded(size)), LIVE_LIMITS)


@pytest.mark.parametrize("size", [(480, 360), (1280, 1280), (2_000, 1_000)])
def test_frames_as_cameras_send_them_are_decoded(size: tuple[int, int]) -> None:
    assert decode(encoded(size, "JPEG", quality=92), LIVE_LIMITS).shape[2] == 3


def test_a_live_frame_of_too_many_bytes_is_refused() -> None:
    with pytest.raises(TooManyBytes):
        decode(encoded((480, 360)) + bytes(400_001), LIVE_LIMITS)


def test_a_live_frame_of_many_passes_is_refused() -> None:
    whole = encoded((480, 360), "JPEG", progressive=True)
    start = whole.index(b"\xff\xda")
    with pytest.raises(TooManyScans):
        decode(whole[:start] + whole[start:-2] * 8 + whole[-2:], LIVE_LIMITS)


@pytest.mark.parametrize(
    ("pictures", "pixels"), [(1, 50_000_000), (2, 32_000_000), (5, 12_800_000)]
)
def test_pictures_of_one_request_share_their_pixels(pictures: int, pixels: int) -> None:
    assert limits_for(pictures).max_pixels == pixels
    assert limits_for(pictures).max_bytes == LIMITS.max_bytes
