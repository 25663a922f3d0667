"""Append-only arrays, ids as bytes, and the selection of the highest values."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np

ID_BYTES = 16


class Column:
    """An append-only array; views returned before stay unchanged."""

    def __init__(self, capacity: int, shape: tuple[int, ...], dtype: type) -> None:
        self._buffer: np.ndarray = np.empty((capacity, *shape), dtype)
        self._length = 0

    @property
    def values(self) -> np.ndarray:
        """A view of the rows so far."""
        return self._buffer[: self._length]

    def append(self, values: np.ndarray) -> None:
        """Add rows."""
        end = self._length + len(values)
        if end > len(self._buffer):
            larger = np.empty((2 * end, *self._buffer.shape[1:]), self._buffer.dtype)
            larger[: self._length] = self.values
            self._buffer = larger
        self._buffer[self._length : end] = values
        self._length = end


def uuids(rows: np.ndarray) -> tuple[UUID, ...]:
    """Convert bytes, uint8 (k, 16), to ids."""
    return tuple(UUID(bytes=row.tobytes()) for row in rows)


def as_bytes(ids: Sequence[UUID]) -> np.ndarray:
    """Convert ids to bytes, uint8 (k, 16)."""
    return np.frombuffer(b"".join(one.bytes for one in ids), np.uint8).reshape(-1, ID_BYTES)


def sort_keys(ids: np.ndarray) -> np.ndarray:
    """Return the first halves of ids, uint8 (k, 16), as uint64; random ids rarely collide."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8")[:, 0].astype(np.uint64)


def highest(similarities: np.ndarray, k: int) -> list[int]:
    """Return the places of the k highest finite similarities, highest first, then by place."""
    candidates = np.flatnonzero(np.isfinite(similarities))
    if len(candidates) > k:
        kth_highest = np.partition(similarities[candidates], -k)[-k]
        candidates = candidates[similarities[candidates] >= kth_highest]
    order = np.lexsort((candidates, -similarities[candidates]))
    return [int(place) for place in candidates[order][:k]]
