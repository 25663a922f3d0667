"""Frames of a fake camera: real photos pasted into a frame, degraded on purpose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

import ml
from tests.support import faces

FRAME = (640, 480)
WALL = (148, 152, 150)


@dataclass(frozen=True)
class Portrait:
    """A photo, and its face in pixels: centre and height of the box, and the eyes."""

    image: Image.Image
    x: float
    y: float
    height: float
    eyes: tuple[tuple[float, float], tuple[float, float]]

    @classmethod
    def of(cls, engine: ml.Engine, photo: bytes) -> Portrait:
        """Find the face of a photo."""
        face = engine.inspect(photo, thorough=True).main
        assert face is not None, "the photo shows no face"
        left, right = (tuple(eye) for eye in face.landmarks[:2].tolist())
        return cls(faces.opened(photo), *face.centre, face.box[3], (left, right))


People = tuple[tuple[Portrait, ...], ...]


def facing(
    portrait: Portrait, share: float = 0.55, at: tuple[float, float] = (0.5, 0.5)
) -> Image.Image:
    """Return a frame with a face of a height and a centre, as shares of the frame."""
    width, height = FRAME
    scale = portrait.height / (share * height)
    left = portrait.x - at[0] * width * scale
    top = portrait.y - at[1] * height * scale
    box = (left, top, left + width * scale, top + height * scale)
    photo = portrait.image.transform(FRAME, Image.Transform.EXTENT, box, Image.Resampling.BICUBIC)
    covered = Image.new("L", portrait.image.size, 255)
    mask = covered.transform(FRAME, Image.Transform.EXTENT, box, Image.Resampling.NEAREST)
    return Image.composite(photo, empty(), mask)


def empty() -> Image.Image:
    """Return a frame without a person."""
    return Image.new("RGB", FRAME, WALL)


def dark(frame: Image.Image) -> Image.Image:
    """Return a frame with the light off."""
    return ImageEnhance.Brightness(frame).enhance(0.2)


def blurred(frame: Image.Image) -> Image.Image:
    """Return a frame through a greasy lens."""
    return frame.filter(ImageFilter.GaussianBlur(9))


def bright(frame: Image.Image) -> Image.Image:
    """Return a frame with a lamp that shines into the face."""
    return frame.point(lambda value: int(150 + 0.5 * value))


def back_lit(frame: Image.Image) -> Image.Image:
    """Return a frame with a window behind the head, which is in the shade."""
    width, height = frame.size
    head = Image.new("L", frame.size, 0)
    middle, reach = (width / 2, height / 2), (0.24 * height, 0.36 * height)
    box = [m + sign * r for sign in (-1, 1) for m, r in zip(middle, reach, strict=True)]
    ImageDraw.Draw(head).ellipse(box, fill=255)
    soft = head.filter(ImageFilter.GaussianBlur(6))
    return Image.composite(dimmed(frame), Image.new("RGB", frame.size, (252, 252, 250)), soft)


def dimmed(frame: Image.Image) -> Image.Image:
    """Return a frame with half of the light."""
    return ImageEnhance.Brightness(frame).enhance(0.6)


def with_dark_glasses(portrait: Portrait) -> Portrait:
    """Return a frame of the same person in sunglasses."""
    image = portrait.image.copy()
    (left, top), (right, bottom) = portrait.eyes
    apart = right - left
    pen = ImageDraw.Draw(image)
    for x, y in portrait.eyes:
        lens = (x - 0.42 * apart, y - 0.27 * apart, x + 0.42 * apart, y + 0.37 * apart)
        pen.ellipse(lens, fill=(14, 14, 16))
    pen.line((left, top, right, bottom), fill=(14, 14, 16), width=max(2, int(0.07 * apart)))
    return replace(portrait, image=image)


def pair(left: Portrait, right: Portrait) -> Image.Image:
    """Return a frame of two people."""
    half = (FRAME[0] // 2, FRAME[1])
    frame = Image.new("RGB", FRAME)
    for place, portrait in ((0, left), (half[0], right)):
        whole = facing(portrait, share=0.4)
        middle = (FRAME[0] - half[0]) // 2
        frame.paste(whole.crop((middle, 0, middle + half[0], half[1])), (place, 0))
    return frame


def film(path: Path, frame: Image.Image) -> Path:
    """Write a frame as the film that a fake camera plays in a loop.

    A camera that still plays a former film of that name continues with it.
    """
    new = path.with_suffix(".new")
    new.write_bytes(faces.jpeg(frame, quality=95))
    return new.replace(path)
