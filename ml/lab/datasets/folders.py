"""Folders of pictures, with one sub-folder a person or without identities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml.lab.datasets.errors import DatasetError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
# Names listed in an error before "and others".
NAMES_SHOWN = 5


@dataclass(frozen=True)
class Picture:
    """One file and its person: the name of the sub-folder, or "" without an identity."""

    path: Path
    person: str


def scan_people(folder: Path, *, fewest_pictures: int = 2) -> list[Picture]:
    """List the pictures of a folder with one sub-folder a person, in a fixed order.

    Args:
        folder: folder with one sub-folder a person; files beside the sub-folders are ignored.
        fewest_pictures: fewest pictures of each person; a genuine pair needs two.

    Raises:
        DatasetError: if the folder is missing or empty, or people have too few pictures.
    """
    _require_folder(folder)
    people = {
        home.name: sorted(path for path in home.iterdir() if path.suffix.lower() in SUFFIXES)
        for home in sorted(folder.iterdir())
        if home.is_dir() and not home.name.startswith(".")
    }
    if not any(people.values()):
        raise DatasetError(
            f"{folder} holds no pictures of people: it needs one sub-folder a person, "
            f"with {', '.join(sorted(SUFFIXES))} files in it"
        )
    lacking = [name for name, paths in people.items() if len(paths) < fewest_pictures]
    if lacking:
        raise DatasetError(
            f"{folder}: {len(lacking)} people have fewer than {fewest_pictures} pictures "
            f"({_listed(lacking)}); add pictures or remove their folders"
        )
    return [Picture(path, name) for name, paths in people.items() for path in paths]


def scan_unlabelled(folder: Path) -> list[Picture]:
    """List every picture below a folder, in a fixed order, without identities.

    Raises:
        DatasetError: if the folder is missing or holds no picture.
    """
    _require_folder(folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DatasetError(f"{folder} holds no pictures ({', '.join(sorted(SUFFIXES))})")
    return [Picture(path, "") for path in paths]


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder. See docs/how-to/train.md for its structure")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and others" if len(names) > NAMES_SHOWN else shown
