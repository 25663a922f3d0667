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
from ml.calibration.file import calibration_if_any
from ml.embedder import Embedder, flip, unit_mean
from ml.faces.decode import decode
from ml.lab.datasets.folders import Picture
from ml.lab.datasets.landmarks import AS_SERVED, Located, Search, locate_faces
from ml.lab.evaluation.protocols.photos import Photos
from ml.normalisation import PLAIN_COSINE, Normalised, Normaliser
from ml.runtime.cores import usable_cores
from ml.runtime.files import replacing

CACHE = Path(".cache")


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
        normaliser: the model's; turns embeddings into similarities.
    """

    photos: Photos
    usable: Mask
    single: Embeddings
    mirrored: Embeddings
    landmarks: np.ndarray
    failures: tuple[tuple[Path, str], ...]
    normaliser: Normaliser = PLAIN_COSINE

    def view(self, mirrored: bool) -> Normalised:
        """Return the embeddings with or without flip augmentation, normalised."""
        return self.normaliser(self.embeddings(mirrored))

    def embeddings(self, mirrored: bool) -> Embeddings:
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
        normaliser_of(artifact),
    )


def normaliser_of(artifact: Artifact) -> Normaliser:
    """Return the normaliser of a calibrated model; plain cosine before its calibration."""
    calibration = calibration_if_any(artifact.folder, artifact.model_id)
    return calibration.normaliser if calibration else PLAIN_COSINE


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
    """Both views of every located face, a face on each core."""
    embedder, preprocessing = _embedder(artifact), artifact.config.preprocessing

    def views(picture: Picture, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chip = preprocessing.apply(decode(search.read(picture.path)), landmarks)[None]
        return embedder.embed_once(chip)[0], embedder.embed_once(flip(chip))[0]

    total, bar_label = len(located.pictures), f"{artifact.config.name}, {label}"
    with ThreadPoolExecutor(usable_cores()) as cores:
        found = cores.map(views, located.pictures, located.landmarks)
        rows = list(tqdm(found, bar_label, total, unit="photo", mininterval=1))
    empty = np.zeros((0, artifact.config.network.embedding_size), np.float32)
    single, flipped = zip(*rows, strict=True) if rows else ((), ())
    return np.vstack([empty, *single]), np.vstack([empty, *flipped])


@lru_cache(maxsize=1)
def _embedder(artifact: Artifact) -> Embedder:
    """Load a model once for several sets in a row."""
    return Embedder(artifact)


def _keep(path: Path, single: Embeddings, flipped: Embeddings) -> None:
    with replacing(path) as temporary:
        np.savez(temporary, single=single, flipped=flipped)


def _spread(values: np.ndarray, usable: Mask) -> np.ndarray:
    """Expand rows of usable photos to a table of all photos, with zeros for the others."""
    table = np.zeros((len(usable), *values.shape[1:]), np.float32)
    table[usable] = values
    return table
