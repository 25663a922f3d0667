"""Aligned chips of many pictures, cut once and cached on disk.

A cached chip is the serving path's chip with a margin, before equalisation and loss of colour. Its
centre, finished, equals the result of `Preprocessing.apply`, except for rounding and for the phase
of area averaging in large pictures. The margin gives augmentation room to shift and rotate without
black borders.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from tqdm import tqdm

from ml.arrays import Integers, Pixels
from ml.faces.align import TEMPLATES, similarity_transform
from ml.faces.decode import decode
from ml.faces.preprocess import Preprocessing
from ml.faces.warp import warp
from ml.lab.datasets.landmarks import DIGITS, Located
from ml.runtime.cores import usable_cores
from ml.runtime.files import replacing

# The margin on each side, as a share of the chip's side.
MARGIN = 0.15
NOBODY = -1  # label of a picture without an identity


@dataclass(frozen=True, eq=False)
class Chips:
    """Aligned faces and their identities.

    Attributes:
        wide: uint8 (n, side, side, 3), chips with their margin; may be memory-mapped.
        labels: int (n,), index into `people`, or `NOBODY`.
        people: names.
        preprocessing: settings for which the chips were cut.
    """

    wide: np.ndarray
    labels: Integers
    people: tuple[str, ...]
    preprocessing: Preprocessing

    def __len__(self) -> int:
        return len(self.labels)

    def served(self, index: int) -> np.ndarray:
        """Return one chip as served, uint8 (size, size, channels)."""
        margin = margin_px(self.preprocessing)
        size = self.preprocessing.image_size
        inner = self.wide[index, margin : margin + size, margin : margin + size]
        return self.preprocessing.finish(np.ascontiguousarray(inner))

    def only(self, rows: Integers) -> Chips:
        """Return the chips of some rows, with people renumbered without gaps."""
        labels = self.labels[rows]
        kept = np.unique(labels[labels != NOBODY])
        renumbered = np.where(labels == NOBODY, NOBODY, np.searchsorted(kept, labels))
        return replace(
            self,
            wide=self.wide[rows],
            labels=renumbered,
            people=tuple(self.people[index] for index in kept),
        )


def margin_px(preprocessing: Preprocessing) -> int:
    """Return the width of the margin on each side, in pixels."""
    return round(MARGIN * preprocessing.image_size)


def wide_chip(rgb: Pixels, landmarks: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Cut a face with its margin, uint8 (side, side, 3); landmarks (5, 2) in pixels of `rgb`."""
    margin, size = margin_px(preprocessing), preprocessing.image_size
    template = TEMPLATES[preprocessing.template].scaled(size)
    matrix = similarity_transform(landmarks, template)
    matrix[:, 2] += margin
    return warp(rgb, matrix, size + 2 * margin)


def cut_chips(
    located: Located, preprocessing: Preprocessing, cache_folder: Path, label: str
) -> Chips:
    """Cut every located face, or read the chips from the cache.

    Args:
        located: pictures and landmarks.
        preprocessing: settings for which to cut.
        cache_folder: folder of cached chips; created if missing.
        label: label of the progress bar.
    """
    cached = cache_folder / "chips" / f"{_key(located, preprocessing)}.npy"
    if not cached.exists():
        _write(cached, located, preprocessing, label)
    people = tuple(sorted({picture.person for picture in located.pictures} - {""}))
    number = {name: index for index, name in enumerate(people)} | {"": NOBODY}
    labels = np.array([number[picture.person] for picture in located.pictures], np.int64)
    return Chips(np.load(cached, mmap_mode="r"), labels, people, preprocessing)


def _write(path: Path, located: Located, preprocessing: Preprocessing, label: str) -> None:
    side = preprocessing.image_size + 2 * margin_px(preprocessing)
    with replacing(path) as temporary:
        wide = open_memmap(temporary, "w+", np.uint8, (len(located.pictures), side, side, 3))
        bar = tqdm(_cut(located, preprocessing), label, len(wide), unit="chip", mininterval=1)
        for row, chip in enumerate(bar):
            wide[row] = chip
        wide.flush()


def _cut(located: Located, preprocessing: Preprocessing) -> Iterator[np.ndarray]:
    def cut(row: int) -> np.ndarray:
        image = decode(located.pictures[row].path.read_bytes())
        return wide_chip(image, located.landmarks[row], preprocessing)

    with ThreadPoolExecutor(usable_cores()) as readers:
        yield from readers.map(cut, range(len(located.pictures)))


def _key(located: Located, preprocessing: Preprocessing) -> str:
    facts = [
        located.key,
        preprocessing.image_size,
        preprocessing.template,
        TEMPLATES[preprocessing.template].points,
        MARGIN,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:DIGITS]
