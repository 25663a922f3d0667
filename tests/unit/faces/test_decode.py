from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ml.errors import (
    FaceError,
    NotAnImage,
    TooFewPixels,
    TooManyBytes,
    TooManyPixels,
    TooManyScans,
    TruncatedImage,
    UnsupportedFormat,
)
from ml.faces.decode import LIMITS, Limits, decode, decode_image
from tests.support.faces import opened, portraits

LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def two_halves(width: int = 64, height: int = 48) -> Image.Image:
    """Return a picture that is red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), LEFT)
    image.paste(RIGHT, (width // 2, 0, width, height))
    return image


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    if file_format == "HEIF":
        pillow_heif.from_pillow(image).save(out, **({"quality": 90} | options))
    else:
        image.save(out, file_format, **options)
    return out.getvalue()


def png(size: tuple[int, int], *, bits: int, colour_type: int, raw: bytes) -> bytes:
    """Return a PNG file of raw rows, each with its filter byte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", *size, bits, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiled_tiff(size: tuple[int, int], *, tile: int) -> bytes:
    """Return a grey TIFF file of one deflated tile, `tile` pixels wide and high."""
    body = zlib.compress(bytes(1000))
    entries = {256: size[0], 257: size[1], 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile}
    entries |= {324: 8, 325: len(body)}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, entries[tag]) for tag in sorted(entries))
    start = struct.pack("<2sHI", b"II", 42, 8 + len(body))
    return start + body + struct.pack("<H", len(entries)) + directory + bytes(4)


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


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"8BPS", "Photoshop"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41isom", "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "MP4"),
        (b"\x1aE\xdf\xa3", "WebM"),
    ],
)
def test_other_formats_are_refused_by_name(start: bytes, name: str) -> None:
    with pytest.raises(UnsupportedFormat) as error:
        decode(start + bytes(200))
    assert error.value.details == {"format": name}


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"hevc", b"heix", b"avif"])
def test_half_a_file_of_a_phone_is_called_damaged(brand: bytes) -> None:
    data = struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0" + b"mif1" + brand + bytes(200)
    with pytest.raises(TruncatedImage):
        decode(data)


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


def test_a_tile_that_is_larger_than_its_picture_is_bounded() -> None:
    with pytest.raises(TooManyPixels):
        decode(tiled_tiff((64, 48), tile=20_000))


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


@pytest.mark.parametrize("data", [b"", b"x", b"hello, this is text", bytes(1000), b"RIFF1234WAVE"])
def test_a_file_that_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        decode(data)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_breaks_off_is_refused(file_format: str, share: float) -> None:
    whole = encoded(opened(portraits()[0].photos[0]).resize((200, 200)), file_format)
    with pytest.raises(TruncatedImage):
        decode(whole[: int(len(whole) * share)])


def test_one_byte_too_many_is_refused_before_decoding() -> None:
    with pytest.raises(TooManyBytes) as error:
        decode(b"\xff\xd8\xff" + bytes(LIMITS.max_bytes))
    assert error.value.details == {"limit_bytes": LIMITS.max_bytes}


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    bomb = png((20_000, 20_000), bits=1, colour_type=0, raw=bytes(20_000 * 2_501))
    assert len(bomb) < 100_000
    with pytest.raises(TooManyPixels) as error:
        decode(bomb)
    assert error.value.details == {"limit_pixels": LIMITS.max_pixels}


@pytest.mark.parametrize("size", [(1, 1), (LIMITS.min_side_px - 1, 100)])
def test_a_tiny_picture_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(TooFewPixels):
        decode(encoded(Image.new("RGB", size), "PNG"))


def test_the_smallest_accepted_picture_is_decoded() -> None:
    side = LIMITS.min_side_px
    assert decode(encoded(Image.new("RGB", (side, side)), "PNG")).shape == (side, side, 3)


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    whole = encoded(two_halves(), "JPEG", progressive=True)
    start = whole.rindex(b"\xff\xda")
    scan = whole[start:-2]
    with pytest.raises(TooManyScans):
        decode(whole[:-2] + scan * LIMITS.max_scans + whole[-2:])


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


@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_mutated_files_decode_or_raise_a_face_error(
    file_format: str, changes: list[tuple[float, int]], end: float
) -> None:
    data = bytearray(SMALL[file_format])
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    data = data[: max(int(end * len(data)), 1)] if end < 0.5 else data
    try:
        rgb = decode(bytes(data))
    except FaceError:
        return
    assert rgb.dtype == np.uint8
    assert rgb.ndim == 3
    assert rgb.shape[2] == 3


STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF89a", b"BM", b"II*\0", b"MM\0*")


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"GIF89a", b"BM", b"II*\0"]
    ),
)
def test_arbitrary_bytes_raise_a_face_error(tail: bytes, start: bytes) -> None:
    with pytest.raises(FaceError):
        decode(start + tail)


SMALL = {
    name: encoded(opened(portraits()[1].photos[0]).resize((48, 48)), name)
    for name in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")
}
