"""Real photos for tests: people from the shared data set, or portraits that packages carry.

In a clone without `../shared/data` the public-domain portraits of scikit-image and matplotlib stand
in: Eileen Collins and Grace Hopper, each in several versions made by crop, light and mirror.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib.cbook
import numpy as np
import pillow_heif
import skimage.data
from PIL import Image, ImageEnhance, ImageOps

SHARED = Path(__file__).parents[2] / "shared" / "data"
HAS_SHARED = (SHARED / "lfw" / "pairs.txt").exists()

# People of the test split whose photos were looked at: one clear face, one identity.
SHARED_PEOPLE = ("07270", "07254", "07211")


@dataclass(frozen=True)
class Person:
    """Somebody with several photos, each the bytes of a picture file."""

    name: str
    photos: tuple[bytes, ...]


@cache
def people() -> tuple[Person, ...]:
    """At least two people with at least three photos each."""
    return tuple(_shared_people()) if HAS_SHARED else portraits()


@cache
def portraits() -> tuple[Person, Person]:
    """The two public-domain portraits, in versions."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = Image.open(file).convert("RGB")
        hopper.load()
    collins = Image.fromarray(skimage.data.astronaut())
    return (
        Person("Eileen Collins", tuple(_versions(collins))),
        Person("Grace Hopper", tuple(_versions(hopper))),
    )


def jpeg(image: Image.Image, **options: object) -> bytes:
    """Encode a picture as JPEG; options go to Pillow."""
    out = io.BytesIO()
    image.save(out, "JPEG", **({"quality": 92} | options))
    return out.getvalue()


def saved(image: Image.Image, file_format: str) -> bytes:
    """Encode a picture in any format that the app reads, HEIC ("HEIF") included."""
    out = io.BytesIO()
    if file_format == "HEIF":
        pillow_heif.from_pillow(image).save(out, quality=90)
    else:
        image.save(out, file_format)
    return out.getvalue()


def opened(photo: bytes) -> Image.Image:
    """A photo as an RGB image."""
    return Image.open(io.BytesIO(photo)).convert("RGB")


def side_by_side(*photos: bytes) -> bytes:
    """Several photos in one picture, equally high."""
    images = [opened(photo) for photo in photos]
    height = min(image.height for image in images)
    scaled = [ImageOps.contain(image, (image.width * 2, height)) for image in images]
    return jpeg(Image.fromarray(np.hstack([np.asarray(image) for image in scaled])))


def _versions(portrait: Image.Image) -> Iterator[bytes]:
    yield jpeg(portrait)
    width, height = portrait.size
    yield jpeg(ImageOps.mirror(portrait.crop((0, 0, width, int(height * 0.8)))))
    smaller = portrait.resize((width * 4 // 5, height * 4 // 5))
    yield jpeg(ImageEnhance.Brightness(smaller).enhance(0.8))
    yield jpeg(ImageEnhance.Color(portrait).enhance(0.6), quality=75)


def _shared_people() -> Iterator[Person]:
    for name in SHARED_PEOPLE:
        paths = sorted((SHARED / "celeba_wild" / "test" / name).iterdir())
        yield Person(name, tuple(path.read_bytes() for path in paths))


def without_face(size: tuple[int, int] = (320, 240)) -> bytes:
    """A plain grey picture."""
    return jpeg(Image.new("RGB", size, (120, 130, 140)))
