from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ml.errors import (
    TooManyScans,
)
from ml.faces.decode import LIMITS, Limits, decode, decode_image
from tests.unit.faces.encoded_pictures import LEFT, RIGHT, encoded, png, two_halves


def assert_halves(rgb: np.ndarray, *, off: int = 12) -> None:
    assert rgb.dtype == np.uint8
    assert rgb.shape == (48, 64, 3)
    assert np.abs(rgb[24, 8].astype(int) - LEFT).max() <= off
    assert np.abs(rgb[24, 56].astype(int) - RIGHT).max() <= off


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("HEIF", {"quality": 95}),
        ("AVIF", {"quality": 95}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_accepted_formats_keep_colours_and_size(file_format: str, options: dict) -> None:
    assert_halves(decode(encoded(two_halves(), file_format, **options)))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_undone(orientation: int, file_format: str) -> None:
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    upright = two_halves()
    upright.paste((250, 250, 250), (0, 0, 64, 8))
    stored = upright.transpose(undo) if undo is not None else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    rgb = decode(encoded(stored, file_format, quality=95, exif=exif))
    assert_halves(rgb, off=25)
    assert rgb[2, 32].min() > 200


def test_damaged_orientation_is_ignored() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\xff\xff\xff\xff\0\0\0\0"
    assert_halves(decode(encoded(two_halves(), "JPEG", quality=95, exif=exif)))


def test_greyscale_becomes_three_equal_channels() -> None:
    rgb = decode(encoded(two_halves().convert("L"), "JPEG"))
    assert rgb.shape == (48, 64, 3)
    assert (rgb[..., 0] == rgb[..., 1]).all()
    assert (rgb[..., 0] == rgb[..., 2]).all()


def test_cmyk_becomes_rgb() -> None:
    assert_halves(decode(encoded(two_halves().convert("CMYK"), "JPEG", quality=95)), off=25)


def test_palette_becomes_rgb() -> None:
    assert_halves(decode(encoded(two_halves().quantize(4), "PNG")))


def test_transparent_pixels_become_white() -> None:
    image = two_halves().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 64, 8))
    rgb = decode(encoded(image, "PNG"))
    assert_halves(rgb)
    assert (rgb[:8] == 255).all()


def test_a_palette_with_a_transparent_entry_becomes_white_there() -> None:
    rgb = decode(encoded(two_halves().quantize(2), "PNG", transparency=0))
    assert {tuple(rgb[24, 8]), tuple(rgb[24, 56])} & {(255, 255, 255)}


def test_sixteen_bits_become_eight() -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    image = Image.fromarray(np.tile(ramp, (48, 1)))
    rgb = decode(encoded(image, "PNG"))
    assert np.abs(rgb[0, :, 0].astype(int) - (ramp >> 8)).max() <= 1


def test_sixteen_bits_of_colour_become_eight() -> None:
    rows = np.full((40, 40, 3), (0x8000, 0x4000, 0xFF00), ">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    rgb = decode(png((40, 40), bits=16, colour_type=2, raw=raw))
    assert np.abs(rgb[20, 20].astype(int) - (0x80, 0x40, 0xFF)).max() <= 1


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "AVIF", "TIFF", "PNG"])
def test_the_first_of_several_frames_is_decoded(file_format: str) -> None:
    options = {"lossless": True} if file_format == "WEBP" else {}
    later = Image.new("RGB", (64, 48), (0, 255, 0))
    data = encoded(
        two_halves(), file_format, save_all=True, append_images=[later, later], **options
    )
    assert_halves(decode(data), off=25)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "F"])
def test_every_kind_of_pixel_of_a_tiff_becomes_rgb(mode: str) -> None:
    source = Image.linear_gradient("L").resize((64, 48))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(source).astype(np.uint16) << 8)
    else:
        image = source.convert("RGB").convert(mode) if mode != "F" else source.convert("F")
    rgb = decode(encoded(image, "TIFF"))
    assert rgb.shape == (48, 64, 3)
    assert rgb[-1].mean() > rgb[0].mean() + 100


APPENDED = {
    "a video": b"\0\0\0\x18ftypmp42" + b"\xff\xda\x00\x0c" * 5000 + bytes(1000),
    "noise": np.random.default_rng(5).integers(0, 256, 8_000_000, np.uint8).tobytes(),
    "a second picture": b"a JPEG",  # made in the test
    "Samsung's trailer": b"\0\0\x30\x0aMotionPhoto_Data" + b"\xff\xda" * 300 + b"SEFHSEFT",
    "markers": b"\xff\xda" * 1000,
    "zeros": bytes(100_000),
}


@pytest.mark.parametrize("what", APPENDED)
@pytest.mark.parametrize("progressive", [False, True])
def test_data_that_phones_append_to_a_jpeg_is_ignored(what: str, *, progressive: bool) -> None:
    alone = encoded(two_halves(), "JPEG", quality=95, progressive=progressive)
    behind = encoded(two_halves().rotate(180), "JPEG")
    appended = behind * 150 if what == "a second picture" else APPENDED[what]
    np.testing.assert_array_equal(decode(alone + appended), decode(alone))


def test_a_thumbnail_inside_a_jpeg_does_not_end_it() -> None:
    exif = b"Exif\0\0" + encoded(two_halves().rotate(180), "JPEG")
    assert_halves(decode(encoded(two_halves(), "JPEG", quality=95, exif=exif)))


def test_scans_of_the_picture_itself_are_counted_despite_appended_data() -> None:
    whole = encoded(two_halves(), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    with pytest.raises(TooManyScans):
        decode(whole[:-2] + scan * LIMITS.max_scans + whole[-2:] + b"video")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "HEIF", "AVIF", "TIFF"])
def test_large_pictures_are_decoded_at_a_fraction_of_their_size(file_format: str) -> None:
    limits = Limits(working_side_px=100)
    rgb = decode(encoded(two_halves(420, 300), file_format), limits)
    assert 100 <= max(rgb.shape) < 200
    assert rgb.shape[1] / rgb.shape[0] == pytest.approx(1.4, abs=0.03)
    assert np.abs(rgb[10, 10].astype(int) - LEFT).max() <= 12


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_the_size_of_the_whole_picture_is_reported(file_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode_image(
        encoded(two_halves(403, 301), file_format, exif=exif), Limits(working_side_px=100)
    )
    assert (image.width, image.height) == ((403, 301) if orientation == 1 else (301, 403))
    along_x, along_y = image.scale
    assert along_x == pytest.approx(image.width / image.rgb.shape[1])
    assert along_y == pytest.approx(image.height / image.rgb.shape[0])
