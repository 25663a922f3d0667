"""Uploaded pictures, kept in memory."""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Request
from werkzeug.datastructures import FileStorage


class InMemoryRequest(Request):
    """A request whose files never touch the disk; `max_content_length` bounds the memory."""

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        return io.BytesIO()


def chosen(files: list[FileStorage] | None) -> list[FileStorage]:
    """Return the chosen files: an empty file input sends a part without a file name."""
    return [file for file in files or [] if isinstance(file, FileStorage) and file.filename]
