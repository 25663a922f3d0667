"""Embed whole sets of photos through the serving path, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ml.engine import BATCH, Engine
from ml.errors import FaceError
from ml.evaluation.photos import Photos
from ml.faces.locate import locate
from ml.siamese import embedding_network

# Pictures decoded, searched and aligned side by side; TensorFlow and OpenCV release the lock.
READERS = 2

Alter = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Embedded:
    """Photos with their embeddings.

    Attributes:
        photos: all photos, usable or not.
        usable: bool (n,), whether a face was found.
        single: float32 (n, d), embeddings of one pass, unit length; zeros where unusable.
        mirrored: float32 (n, d), averaged with the mirrored chip's, likewise.
        failures: path and reason of each failure to enrol.
    """

    photos: Photos
    usable: np.ndarray
    single: np.ndarray
    mirrored: np.ndarray
    failures: tuple[tuple[Path, str], ...]

    def view(self, mirrored: bool) -> np.ndarray:
        """The embeddings as a model serves them."""
        return self.mirrored if mirrored else self.single


def embed_photos(
    engine: Engine, photos: Photos, *, alter: Alter | None = None, label: str = "photos"
) -> Embedded:
    """Align and embed the main face of every photo, with a progress bar.

    Args:
        engine: the model.
        photos: what to embed.
        alter: changes each aligned chip before it is embedded, for degraded tests.
        label: of the progress bar.
    """
    network = embedding_network(engine.artifact.backbone())
    size = (len(photos.paths), engine.embedding_size)
    single, flipped = np.zeros(size, np.float32), np.zeros(size, np.float32)
    usable, failures = np.zeros(size[0], bool), []
    bar = tqdm(total=size[0], desc=label, unit="photo", mininterval=1)
    chips_found = _chips(engine, photos.paths)
    while batch := list(islice(chips_found, BATCH)):
        rows, chips = [], []
        for row, chip in batch:
            if isinstance(chip, FaceError):
                failures.append((photos.paths[row], chip.code))
                continue
            rows.append(row)
            chips.append(alter(chip) if alter else chip)
        if rows:
            stack = np.stack(chips).astype(np.float32)
            both = network.predict_on_batch(np.concatenate([stack, stack[:, :, ::-1]]))
            single[rows], flipped[rows] = both[: len(rows)], both[len(rows) :]
            usable[rows] = True
        bar.update(len(batch))
    bar.close()
    return Embedded(photos, usable, single, _unit(single + flipped), tuple(failures))


def _chips(engine: Engine, paths: Sequence[Path]) -> Iterator[tuple[int, np.ndarray | FaceError]]:
    def chip_of(path: Path) -> np.ndarray | FaceError:
        try:
            image, main = locate(path.read_bytes(), engine.detector)
            return engine.preprocessing.apply(image, main.landmarks)
        except FaceError as error:
            return error

    with ThreadPoolExecutor(READERS) as readers:
        yield from enumerate(readers.map(chip_of, paths))


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12)
