"""Requests with pictures: kept in memory, bounded, and answered even when they are too large."""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Request
from werkzeug.datastructures import FileStorage

CHUNK_BYTES = 1 << 16
# A browser shows the answer only when it could send everything, or nearly; more is cut off.
DRAINED_REQUESTS = 4


class InMemoryRequest(Request):
    """A request whose files never touch the disk; `max_content_length` bounds the memory."""

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        return io.BytesIO()

    def drain(self) -> None:
        """Read and forget the rest of a body that is refused, up to a bound."""
        left = DRAINED_REQUESTS * (self.max_content_length or 0)
        stream = self.environ["wsgi.input"]
        while left > 0 and (chunk := stream.read(CHUNK_BYTES)):
            left -= len(chunk)


def chosen(files: list[FileStorage] | None) -> list[FileStorage]:
    """The files that were really chosen: an empty file input sends a part without a name."""
    return [file for file in files or [] if isinstance(file, FileStorage) and file.filename]
