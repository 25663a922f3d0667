"""Embedding of whole sets of photos through the serving path, with caches.

Landmarks are cached for all models; embeddings by model, detector and files. Every chip is cut from
its photo exactly as served.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ml.arrays import Embeddings, Mask
from ml.artifacts import Artifact
from ml.embedder import Embedder, flip, unit_mean
from ml.faces.decode import decode
from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.folders import Picture
from ml.lab.datasets.landmarks import AS_SERVED, READERS, Located, Search, locate_faces
from ml.lab.evaluation.protocols.photos import Photos
from ml.runtime.files import replacing

CACHE = Path(".cache")
AT_ONCE = 8  # photos cut to chips in parallel


@dataclass(frozen=True)
class Embedded:
    """Photos with their embeddings.

    Attributes:
        photos: all photos, usable or not.
        usable: bool (n,), photos with a face.
        single: float32 (n, d), embeddings without flip augmentation, of unit length; zeros where
            unusable.
        mirrored: float32 (n, d), the same with flip augmentation.
        landmarks: float32 (n, 5, 2), in pixels of the decoded photo; zeros where unusable.
        failures: path and error code of each failure to enrol.
    """

    photos: Photos
    usable: Mask
    single: Embeddings
    mirrored: Embeddings
    landmarks: np.ndarray
    failures: tuple[tuple[Path, str], ...]

    def view(self, mirrored: bool) -> Embeddings:
        """Return the embeddings with or without flip augmentation."""
        return self.mirrored if mirrored else self.single


def embed_photos(
    artifact: Artifact,
    photos: Photos,
    *,
    search: Search = AS_SERVED,
    cache: Path = CACHE,
    label: str = "photos",
) -> Embedded:
    """Align and embed the main face of every photo, or read the embeddings from the cache.

    Args:
        artifact: the model.
        photos: photos to embed.
        search: reader and detector of the photos.
        cache: folder of cached landmarks and embeddings.
        label: label of the progress bars.
    """
    pictures = [
        Picture(path, photos.names[person])
        for path, person in zip(photos.paths, photos.person, strict=True)
    ]
    located = locate_faces(pictures, cache, f"finding faces, {label}", search)
    single, flipped = _both_views(artifact, located, search, cache, label)
    failures = tuple((picture.path, reason) for picture, reason in located.skipped)
    failed = {path for path, _ in failures}
    usable = np.array([path not in failed for path in photos.paths], bool)
    return Embedded(
        photos,
        usable,
        _spread(single, usable),
        _spread(unit_mean(single, flipped), usable),
        _spread(located.landmarks, usable),
        failures,
    )


def _both_views(
    artifact: Artifact, located: Located, search: Search, cache: Path, label: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the embeddings of the located faces and of their flipped chips, float32 (m, d)."""
    cached = cache / "embeddings" / f"{artifact.model_id}-{located.key}.npz"
    if not cached.exists():
        _keep(cached, *_embed(artifact, located, search, label))
    with np.load(cached) as stored:
        return stored["single"], stored["flipped"]


def _embed(
    artifact: Artifact, located: Located, search: Search, label: str
) -> tuple[np.ndarray, np.ndarray]:
    embedder = _embedder(artifact)
    size = (len(located.pictures), artifact.config.network.embedding_size)
    single, flipped = np.zeros(size, np.float32), np.zeros(size, np.float32)
    bar = tqdm(total=size[0], desc=f"{artifact.config.name}, {label}", unit="photo", mininterval=1)
    with ThreadPoolExecutor(READERS) as readers, bar:
        for start in range(0, size[0], AT_ONCE):
            rows = slice(start, min(start + AT_ONCE, size[0]))
            stack = _chips(artifact.config.preprocessing, located, rows, search, readers)
            single[rows] = embedder.embed_once(stack)
            flipped[rows] = embedder.embed_once(flip(stack))
            bar.update(len(stack))
    return single, flipped


@lru_cache(maxsize=1)
def _embedder(artifact: Artifact) -> Embedder:
    """Load a model once for several sets in a row."""
    return Embedder(artifact)


def _chips(
    preprocessing: Preprocessing,
    located: Located,
    rows: slice,
    search: Search,
    readers: ThreadPoolExecutor,
) -> np.ndarray:
    """Return chips of some located faces, uint8 (n, size, size, channels)."""

    def chip_of(picture: Picture, landmarks: np.ndarray) -> np.ndarray:
        return preprocessing.apply(decode(search.read(picture.path)), landmarks)

    chips = readers.map(chip_of, located.pictures[rows], located.landmarks[rows])
    return np.stack(list(chips))


def _keep(path: Path, single: Embeddings, flipped: Embeddings) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, single=single, flipped=flipped)


def _spread(values: np.ndarray, usable: Mask) -> np.ndarray:
    """Expand rows of usable photos to a table of all photos, with zeros for the others."""
    table = np.zeros((len(usable), *values.shape[1:]), np.float32)
    table[usable] = values
    return table
