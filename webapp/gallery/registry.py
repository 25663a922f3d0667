"""The galleries of one app: one for each model, made on first use."""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

import numpy as np
from flask import current_app

from ml import Normaliser
from webapp.db.key_store import KeyStore
from webapp.gallery.base import Gallery
from webapp.gallery.memory import MemoryGallery
from webapp.gallery.pgvector.embedding_rotation import secret_rotation
from webapp.gallery.pgvector.gallery import VectorGallery
from webapp.settings import Settings

NAME = "galleries"


class GalleryRegistry:
    """The galleries by model, and the secret rotations of those in the database.

    Attributes:
        loading: the gallery that still loads after the start, None once it is loaded. Until then
            the process is not ready.
    """

    def __init__(self, settings: Settings, keys: KeyStore) -> None:
        self._in_database = settings.vectors_in_database
        self._keys = keys
        self._lock = RLock()
        self._galleries: dict[str, Gallery] = {}
        self._rotations: dict[str, np.ndarray] = {}
        self.loading: Gallery | None = None

    def of(self, model_id: str, embedding_size: int, normaliser: Normaliser) -> Gallery:
        """Return the gallery of a model."""
        with self._lock:
            if model_id not in self._galleries:
                self._galleries[model_id] = self._new(model_id, embedding_size, normaliser)
            return self._galleries[model_id]

    def unload_except(self, model_ids: Iterable[str]) -> None:
        """Free the memory of the galleries of all other models."""
        kept = set(model_ids)
        with self._lock:
            self._galleries = {key: one for key, one in self._galleries.items() if key in kept}

    def rotation(self, model_id: str, embedding_size: int) -> np.ndarray:
        """Return the secret rotation of a model's embeddings, float64 (size, size).

        Raises:
            MasterKeyUnusable, SealBroken: as `KeyStore.secrets`.
        """
        if model_id not in self._rotations:
            rotation = secret_rotation(self._keys.secrets, model_id, embedding_size)
            self._rotations[model_id] = rotation
        return self._rotations[model_id]

    def _new(self, model_id: str, embedding_size: int, normaliser: Normaliser) -> Gallery:
        if self._in_database:
            rotation = self.rotation
            return VectorGallery(
                model_id, embedding_size, normaliser, lambda: rotation(model_id, embedding_size)
            )
        return MemoryGallery(model_id, embedding_size, normaliser, lambda: self._keys.vault)


def galleries() -> GalleryRegistry:
    """Return the galleries of the current app."""
    registry: GalleryRegistry = current_app.extensions[NAME]
    return registry
