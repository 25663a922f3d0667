"""Hostile pictures and requests, drawn from a seed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pillow_heif
from PIL import Image

from tests.support import faces

SIDE = 200
# Sizes that a header may claim; the largest two together have the maximum number of pixels.
SIDES = (1, 33, 500, 5000, 10_000, 65_000)
TEXTS = (
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "%(x)s %s %n",
    "a\r\nSet-Cookie: evil=1",
    "../../../../etc/passwd",
    "\x00\x01",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "x" * 20_000,
    "https://evil.example.com",
    "1e309",
    "-1",
    "NaN",
    "٣",
    "",
)
# Values that forms accept, so that requests reach the code behind validation.
PLAIN = ("ada", "bob", "50", "2", "y", "1", "2026-01-31", "best", "0.01", "match", "verify", "name")
TYPES = (
    "multipart/form-data",
    "application/x-www-form-urlencoded",
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=",
    "image/jpeg",
    "\N{SNOWMAN}".encode().decode("latin-1"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
HEADERS = {
    "Host": ("localhost", "evil.example.com", "a b", "localhost:99999"),
    "X-Forwarded-For": ("1.2.3.4", "not an address", "x" * 500),
    "X-Forwarded-Host": ("evil.example.com",),
    "Accept-Language": ("de", "x" * 2000, "zz;q=99", "*"),
    # Names of the app's cookies in the tests.
    "Cookie": (
        "<session>=forged",
        "<session>=" + "A" * 3000,
        "<session>=eyJfdXNlcl9pZCI6IjEifQ.aw6X7w.AAAA",
        "<session>=.eJwDAAAAAAE.aw6X7w.AAAA",
        "<device>=forged; <session>=",
        "<device>=" + "%00" * 500,
        "faces_zone=../../etc/passwd; faces_language=zz",
        "faces_zone=" + "Europe/" * 300,
        "session=forged",
        "=;=;=",
    ),
    "Range": ("bytes=0-99999999", "bytes=-1"),
    "If-Modified-Since": ("yesterday",),
    "Transfer-Encoding": ("chunked",),
}


def pictures(number: int, seed: int = 0) -> Iterator[bytes]:
    """Return mutated JPEG, PNG and WebP files, and files of several formats at once."""
    random = np.random.default_rng(seed)
    originals = _originals()
    for _ in range(number):
        original = originals[random.integers(len(originals))]
        change = CHANGES[random.integers(len(CHANGES))]
        yield change(random, original, originals)


@dataclass(frozen=True)
class HostileRequest:
    """One request: method, path and content."""

    method: str
    path: str
    fields: dict[str, object] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """An existing path, and its methods."""

    path: str
    methods: tuple[str, ...]


def requests(
    number: int, targets: list[Target], names: list[str], seed: int = 0
) -> Iterator[HostileRequest]:
    """Return requests to known and unknown paths, with odd fields, bodies, types and headers."""
    random = np.random.default_rng(seed)

    def one_of(choices: list[str] | tuple[str, ...]) -> str:
        return choices[int(random.integers(len(choices)))]

    for _ in range(number):
        target = targets[int(random.integers(len(targets)))]
        path = target.path if random.random() < 0.9 else f"/{one_of(TEXTS)}"
        if random.random() < 0.3:
            path += f"?{one_of(names)}={one_of(TEXTS)[:2000]}"
        headers = {name: one_of(HEADERS[name]) for name in HEADERS if random.random() < 0.1}
        headers = {name: value for name, value in headers.items() if "\n" not in value}
        method = one_of(target.methods if random.random() < 0.8 else METHODS)
        if random.random() < 0.2:
            body = random.bytes(int(random.integers(5000)))
            yield HostileRequest(method, path, {}, body, one_of(TYPES), headers)
            continue
        fields: dict[str, object] = {
            name: one_of(TEXTS if random.random() < 0.5 else PLAIN)
            for name in names
            if random.random() < 0.6
        }
        if random.random() < 0.3:
            fields[one_of(("frames", "images", "frame"))] = (
                io.BytesIO(next(pictures(1, int(random.integers(1 << 30))))),
                one_of(TEXTS)[:200].replace("\r", "").replace("\n", "") or "x",
            )
        yield HostileRequest(method, path, fields, None, None, headers)


def _originals() -> list[bytes]:
    face = faces.opened(faces.portraits()[0].photos[0]).convert("RGB").resize((SIDE, SIDE))
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x" * 100
    variants = [
        (face, "JPEG", {"quality": 80}),
        (face, "JPEG", {"quality": 50, "progressive": True, "exif": exif}),
        (face.convert("L"), "JPEG", {}),
        (face.convert("CMYK"), "JPEG", {}),
        (face, "PNG", {}),
        (face.quantize(16), "PNG", {}),
        (face.convert("RGBA"), "PNG", {}),
        (face, "WEBP", {"quality": 70}),
        (face, "WEBP", {"lossless": True}),
        (face, "GIF", {}),
        (face, "BMP", {}),
        (face, "TIFF", {}),
        (face, "TIFF", {"compression": "tiff_lzw"}),
        (face, "AVIF", {"quality": 60}),
        (face, "HEIF", {"quality": 60}),
    ]
    return [_encoded(image, kind, options) for image, kind, options in variants]


def _encoded(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    out = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(out, **options)
    else:
        image.save(out, kind, **options)
    return out.getvalue()


def _flip(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    changed = bytearray(data)
    for place in random.integers(len(data), size=int(random.integers(1, 30))):
        changed[place] = int(random.integers(256))
    return bytes(changed)


def _harm_header(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    changed = bytearray(data)
    for place in random.integers(min(len(data), 64), size=int(random.integers(1, 6))):
        changed[place] = int(random.choice([0, 1, 0x7F, 0x80, 0xFF]))
    return bytes(changed)


def _cut(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    return data[: int(random.integers(len(data)))]


def _splice(random: np.random.Generator, data: bytes, others: list[bytes]) -> bytes:
    other = others[int(random.integers(len(others)))]
    return data[: int(random.integers(len(data)))] + other[int(random.integers(len(other))) :]


def _stuff(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    place = int(random.integers(len(data)))
    return data[:place] + random.bytes(int(random.integers(4000))) + data[place:]


def _repeat(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    start, end = sorted(random.integers(len(data), size=2).tolist())
    return data[:end] + data[start:end] * int(random.integers(1, 40)) + data[end:]


def _also_something_else(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.html", TEXTS[1])
    parts = (
        packed.getvalue(),
        b"%PDF-1.7\n",
        b"<html><script>alert(1)</script>",
        b"MZ\x90\0",
        b"#!/bin/sh\n",
    )
    part = parts[int(random.integers(len(parts)))]
    return part + data if random.random() < 0.5 else data + part


def _lie_about_size(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    """Claim another width and height in the header, up to the accepted maximum."""
    width, height = (int(random.choice(SIDES)) for _ in range(2))
    if data.startswith(b"\x89PNG"):
        header = data[12:16] + struct.pack(">II", width, height) + data[24:29]
        return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
    if data.startswith(b"RIFF"):
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks = b"WEBPVP8X" + struct.pack("<II", 10, 0) + canvas + data[12:]
        return b"RIFF" + struct.pack("<I", len(chunks)) + chunks
    start = max(data.find(marker) for marker in (b"\xff\xc0\0", b"\xff\xc2\0")) + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def _noise(random: np.random.Generator, data: bytes, _others: list[bytes]) -> bytes:
    return data[:16] + random.bytes(int(random.integers(3000)))


CHANGES = (
    _flip,
    _harm_header,
    _cut,
    _splice,
    _stuff,
    _repeat,
    _also_something_else,
    _lie_about_size,
    _noise,
)
