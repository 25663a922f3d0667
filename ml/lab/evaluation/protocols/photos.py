"""Sets of photos of people, and pairs of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.arrays import Integers, Mask

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
# Data sets; commands and tests that need them report their absence.
SHARED = Path(os.environ.get("FACES_DATA") or Path(__file__).parents[5] / "shared" / "data")


class ProtocolError(ValueError):
    """Files of a protocol are missing or malformed; the text names the remedy."""


@dataclass(frozen=True)
class Photos:
    """Photos and the people in them.

    Attributes:
        paths: file of each photo.
        person: int (n,), index into `names`.
        names: name of each person.
    """

    paths: tuple[Path, ...]
    person: Integers
    names: tuple[str, ...]

    def __add__(self, other: Photos) -> Photos:
        """Return these photos, then those of other people."""
        return Photos(
            self.paths + other.paths,
            np.concatenate([self.person, other.person + len(self.names)]),
            self.names + other.names,
        )

    def only(self, keep: np.ndarray) -> Photos:
        """Return the photos of a mask, bool (n,), without people who have none left."""
        people, person = np.unique(self.person[keep], return_inverse=True)
        return Photos(
            tuple(path for path, kept in zip(self.paths, keep, strict=True) if kept),
            person,
            tuple(self.names[index] for index in people),
        )


def photos_in(folder: Path) -> Photos:
    """Return all photos in a folder with one sub-folder a person.

    Raises:
        ProtocolError: if there is no such folder, or no photo in it.
    """
    if not folder.is_dir():
        raise ProtocolError(f"{folder} is not a folder. Give one with a sub-folder for each person")
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ProtocolError(f"{folder} holds no photos; expected {folder}/PERSON/PHOTO.jpg")
    names = sorted({path.parent.name for path in paths})
    index = {name: number for number, name in enumerate(names)}
    person = np.array([index[path.parent.name] for path in paths])
    return Photos(tuple(paths), person, tuple(names))


@dataclass(frozen=True)
class Pairs:
    """A verification protocol: pairs of photos, whether each is genuine, and its fold.

    Attributes:
        photos: every photo of the protocol, once.
        a, b: int (n,), indices into the photos.
        same: bool (n,), whether a pair shows one person.
        fold: int (n,).
    """

    photos: Photos
    a: np.ndarray
    b: np.ndarray
    same: Mask
    fold: Integers
