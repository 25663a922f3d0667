"""Arrays that grow at their end, and ids as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import numpy as np

ID_BYTES = 16


class Column:
    """An array that grows at its end; what was given out stays as it is."""

    def __init__(self, room: int, shape: tuple[int, ...], dtype: type) -> None:
        self._buffer: np.ndarray = np.empty((room, *shape), dtype)
        self._length = 0

    @property
    def values(self) -> np.ndarray:
        """The rows so far."""
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
    """Return ids from bytes, uint8 (k, 16)."""
    return tuple(UUID(bytes=row.tobytes()) for row in rows)


def as_bytes(ids: Sequence[UUID]) -> np.ndarray:
    """Return ids as bytes, uint8 (k, 16)."""
    return np.frombuffer(b"".join(one.bytes for one in ids), np.uint8).reshape(-1, ID_BYTES)


def sort_keys(ids: np.ndarray) -> np.ndarray:
    """The first halves of ids, uint8 (k, 16), as numbers; they are random, so nearly unique."""
    return np.ascontiguousarray(ids[:, :8]).view(">u8")[:, 0].astype(np.uint64)
