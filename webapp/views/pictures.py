"""Pictures of a form: their bytes, and words for those that are refused."""

from __future__ import annotations

from werkzeug.datastructures import FileStorage

from webapp.errors import PicturesRefused
from webapp.messages import describe
from webapp.uploads import chosen


def contents(files: list[FileStorage]) -> list[bytes]:
    """The bytes of the files that were chosen."""
    return [file.read() for file in chosen(files)]


def problems(refusal: PicturesRefused, files: list[FileStorage]) -> list[tuple[str, str]]:
    """Name and words for each refused picture."""
    names = [file.filename or "" for file in chosen(files)]
    return [
        (names[picture.number], describe(picture.error.code, picture.error.details))
        for picture in refusal.refused
    ]
