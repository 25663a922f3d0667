"""Enrol people from folders of pictures: one folder a person, each atomically."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from webapp.core.actor import Actor
from webapp.core.text import comparison_key, is_shown, normalize_name
from webapp.db.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.errors.people import DuplicateIdentifier, PictureProblem
from webapp.services.enrolment.evidence import EXEMPT
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson, enrol
from webapp.services.people.people import people_after
from webapp.settings import current_settings

NAME_UNUSABLE, NO_PICTURES, TOO_MANY = "name_unusable", "no_pictures", "too_many_anchors"
UNREADABLE, SYMBOLIC_LINK = "unreadable", "symbolic_link"


class Outcome(StrEnum):
    """Result of the import of a folder."""

    ENROLLED = "enrolled"
    PRESENT = "enrolled before"
    REFUSED = "refused"


@dataclass(frozen=True)
class Folder:
    """A person's folder. Its name is the identifier, and the name with spaces for `_`."""

    path: Path

    @property
    def identifier(self) -> str:
        """Identifier of the person."""
        return normalize_name(self.path.name)

    @property
    def name(self) -> str:
        """Name of the person."""
        return normalize_name(self.path.name.replace("_", " "))

    @property
    def is_named(self) -> bool:
        """Whether identifier and name are valid."""
        kept = ((self.identifier, IDENTIFIER_LENGTH), (self.name, NAME_LENGTH))
        return all(0 < len(text) <= most and is_shown(text) for text, most in kept)


@dataclass(frozen=True)
class Refused:
    """A picture or a whole folder that was not imported."""

    path: Path
    problem: PictureProblem


@dataclass(frozen=True)
class Report:
    """Result of one folder: number of pictures imported, and the reasons for the others."""

    folder: Folder
    outcome: Outcome
    taken: int = 0
    refused: tuple[Refused, ...] = ()


def folders_in(root: Path) -> tuple[Folder, ...]:
    """Return the folders of people in `root`, by name; skip hidden ones.

    Includes symbolic links to folders; `import_folders` refuses them.
    """
    return tuple(
        Folder(path) for path in sorted(root.iterdir()) if path.is_dir() and _is_visible(path)
    )


def import_folders(
    folders: Iterable[Folder], actor: Actor, *, accept_doubts: bool = False, dry_run: bool = False
) -> Iterator[Report]:
    """Enrol the people of folders, who consented, each with their usable pictures.

    People who are enrolled already stay unchanged, so an interrupted import can be run again. Of
    folders whose names compare as equal, the first is imported. Pictures with warnings are imported
    only with `accept_doubts`. Symbolic links are refused: in a folder from elsewhere, they could
    point to any picture on this machine.
    """
    taken: set[str] = set()
    for folder in folders:
        if folder.path.is_symlink():
            yield _refused_whole(folder, SYMBOLIC_LINK)
            continue
        key = comparison_key(folder.identifier)
        if key in taken:
            yield _refused_whole(folder, DuplicateIdentifier.code)
            continue
        taken.add(key)
        yield _import(folder, actor, accept_doubts=accept_doubts, dry_run=dry_run)


def _import(folder: Folder, actor: Actor, *, accept_doubts: bool, dry_run: bool) -> Report:
    if not folder.is_named:
        return _refused_whole(folder, NAME_UNUSABLE)
    if existing := _report_existing(folder):
        return existing
    try:
        pictures, links = _pictures(folder.path)
    except OSError:
        return _refused_whole(folder, UNREADABLE)
    refused_links = tuple(_refused(path, SYMBOLIC_LINK) for path in links)
    if not pictures:
        nothing = _refused(folder.path, NO_PICTURES)
        return Report(folder, Outcome.REFUSED, 0, (nothing, *refused_links))
    most = current_settings().anchors_a_person
    read, unread = _contents(pictures[:most])
    review = review_pictures(list(read.values()), actor)
    problems = [*review.refusals, *(() if accept_doubts else review.doubted)]
    out = {problem.place for problem in problems}
    faces = [face for place, face in review.faces.items() if place not in out]
    paths = list(read)
    refused = _in_order(
        [
            *(Refused(paths[problem.place], problem) for problem in problems),
            *(_refused(path, UNREADABLE) for path in unread),
            *(_refused(path, TOO_MANY) for path in pictures[most:]),
            *refused_links,
        ]
    )
    if not faces:
        return Report(folder, Outcome.REFUSED, 0, refused)
    if not dry_run:
        try:
            new = NewPerson(folder.identifier, folder.name, consent=True)
            enrol(new, faces, actor, EXEMPT, review.every_doubt if accept_doubts else ())
        except DuplicateIdentifier:  # another process enrolled the person meanwhile
            return _report_existing(folder) or _refused_whole(folder, DuplicateIdentifier.code)
    return Report(folder, Outcome.ENROLLED, len(faces), refused)


def _report_existing(folder: Folder) -> Report | None:
    """Return the report on a folder whose identifier is taken; None if it is free."""
    found = people_after(None, 1, identifier=folder.identifier)
    if not found:
        return None
    if found[0].identifier == folder.identifier:
        return Report(folder, Outcome.PRESENT)
    return _refused_whole(folder, DuplicateIdentifier.code)


def _contents(pictures: Sequence[Path]) -> tuple[dict[Path, bytes], list[Path]]:
    """Return the content of each file, up to `request_bytes`, and the unreadable files."""
    read: dict[Path, bytes] = {}
    unread = []
    for path in pictures:
        try:
            with path.open("rb") as file:
                read[path] = file.read(current_settings().request_bytes)
        except OSError:
            unread.append(path)
    return read, unread


def _in_order(refused: Iterable[Refused]) -> tuple[Refused, ...]:
    return tuple(sorted(refused, key=lambda one: one.path))


def _refused(path: Path, code: str) -> Refused:
    return Refused(path, PictureProblem(0, code, {}))


def _refused_whole(folder: Folder, code: str) -> Report:
    return Report(folder, Outcome.REFUSED, 0, (_refused(folder.path, code),))


def _pictures(folder: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the files of a folder, and the symbolic links in it, which are not followed."""
    seen = sorted(path for path in folder.iterdir() if _is_visible(path))
    links = tuple(path for path in seen if path.is_symlink())
    return tuple(path for path in seen if path not in links and path.is_file()), links


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".")
