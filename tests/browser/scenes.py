"""What a fake camera sees: real photos set into a frame, degraded on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter

import ml
from tests import faces

FRAME = (640, 480)
WALL = (148, 152, 150)


@dataclass(frozen=True)
class Portrait:
    """A photo and where its face is: middle and height of the detector's box, in pixels."""

    image: Image.Image
    x: float
    y: float
    height: float

    @classmethod
    def of(cls, engine: ml.Engine, photo: bytes) -> Portrait:
        """Find the face of a photo."""
        face = engine.inspect(photo, thorough=True).main
        assert face is not None, "the photo shows no face"
        return cls(faces.opened(photo), *face.centre, face.box[3])


People = tuple[tuple[Portrait, ...], ...]


def facing(
    portrait: Portrait, share: float = 0.55, at: tuple[float, float] = (0.5, 0.5)
) -> Image.Image:
    """A frame with the face `share` of its height high, its middle at shares of the frame."""
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
    """Nobody there."""
    return Image.new("RGB", FRAME, WALL)


def dark(frame: Image.Image) -> Image.Image:
    """The light is off."""
    return ImageEnhance.Brightness(frame).enhance(0.2)


def blurred(frame: Image.Image) -> Image.Image:
    """The lens is greasy."""
    return frame.filter(ImageFilter.GaussianBlur(9))


def pair(left: Portrait, right: Portrait) -> Image.Image:
    """Two people in front of the camera."""
    half = (FRAME[0] // 2, FRAME[1])
    frame = Image.new("RGB", FRAME)
    for place, portrait in ((0, left), (half[0], right)):
        whole = facing(portrait, share=0.4)
        middle = (FRAME[0] - half[0]) // 2
        frame.paste(whole.crop((middle, 0, middle + half[0], half[1])), (place, 0))
    return frame


def film(path: Path, frame: Image.Image) -> Path:
    """Write a frame as the film that a fake camera plays in a loop."""
    path.write_bytes(faces.jpeg(frame, quality=95))
    return path
