"""Faces for tests, the same on every machine.

`people()` are eight synthetic people with four photos each, morphed from public-domain portraits
(`tests.support.morphs`). The engine distinguishes them; so does the fake one,
by a label in each photo (`tests.support.fake_engine`). `portraits()` are the two portraits
themselves, in versions. A moving head, a turned one or a photo of a photo comes from
`tests.support.performing`.

No test of the ordinary suite reads the data sets. A test that needs them is marked `data`, finds
them through `ml.lab.evaluation.protocols.photos.SHARED`, and is not run where they are missing.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pillow_heif
from PIL import Image, ImageEnhance, ImageOps

from tests.support import morphs
from tests.support.fake_engine import facts_of, labelled

PHOTOS_A_PERSON = 4
# Labels of the portraits; the synthetic people are numbered from 0.
COLLINS, HOPPER = 100, 101


@dataclass(frozen=True)
class Person:
    """A person with several photos, each the content of a picture file."""

    name: str
    photos: tuple[bytes, ...]


@cache
def people() -> tuple[Person, ...]:
    """Return synthetic people with several photos each, whom the default model distinguishes."""
    return tuple(_person(number, seed) for number, seed in enumerate(morphs.SEEDS))


@cache
def portraits() -> tuple[Person, Person]:
    """Return the two public-domain portraits, in versions."""
    collins, hopper = (Image.fromarray(morphs.portrait(each)) for each in morphs.SOURCES)
    return (
        Person("Eileen Collins", _labelled(COLLINS, _versions(collins))),
        Person("Grace Hopper", _labelled(HOPPER, _versions(hopper))),
    )


def jpeg(image: Image.Image, **options: object) -> bytes:
    """Encode a picture as JPEG; options go to Pillow."""
    out = io.BytesIO()
    image.save(out, "JPEG", **({"quality": 92} | options))
    return out.getvalue()


def saved(image: Image.Image, file_format: str) -> bytes:
    """Encode a picture in any format that the app reads, including HEIC ("HEIF")."""
    out = io.BytesIO()
    if file_format == "HEIF":
        pillow_heif.from_pillow(image).save(out, quality=90)
    else:
        image.save(out, file_format)
    return out.getvalue()


def opened(photo: bytes) -> Image.Image:
    """Return a photo as an RGB image."""
    return Image.open(io.BytesIO(photo)).convert("RGB")


def side_by_side(*photos: bytes) -> bytes:
    """Join photos to one picture of equal height; the first shows the main face."""
    images = [opened(photo) for photo in photos]
    height = min(image.height for image in images)
    scaled = [ImageOps.contain(image, (image.width * 2, height)) for image in images]
    joined = jpeg(Image.fromarray(np.hstack([np.asarray(image) for image in scaled])))
    return labelled(joined, **facts_of(photos[0]) | {"rivals": len(photos) - 1})


def _versions(portrait: Image.Image) -> Iterator[bytes]:
    yield jpeg(portrait)
    width, height = portrait.size
    yield jpeg(ImageOps.mirror(portrait.crop((0, 0, width, int(height * 0.8)))))
    smaller = portrait.resize((width * 4 // 5, height * 4 // 5))
    yield jpeg(ImageEnhance.Brightness(smaller).enhance(0.8))
    yield jpeg(ImageEnhance.Color(portrait).enhance(0.6), quality=75)


def _person(number: int, seed: int) -> Person:
    photos = morphs.photos(seed, PHOTOS_A_PERSON)
    return Person(
        f"Person {number}", _labelled(number, (jpeg(Image.fromarray(photo)) for photo in photos))
    )


def _labelled(person: int, photos: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(
        labelled(photo, person=person, number=number) for number, photo in enumerate(photos)
    )


def without_face(size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a plain grey picture."""
    return jpeg(Image.new("RGB", size, (120, 130, 140)))
