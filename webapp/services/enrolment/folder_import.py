"""People enrolled from folders of pictures: one folder a person, each whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from webapp.core.text import comparison_key, is_shown, normalize_name
from webapp.db.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.errors.people import DuplicateIdentifier, PictureProblem
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson, store_person
from webapp.services.people.people import people_after
from webapp.settings import current_settings

NAME_UNUSABLE, NO_PICTURES, TOO_MANY = "name_unusable", "no_pictures", "too_many_anchors"
UNREADABLE, SYMBOLIC_LINK = "unreadable", "symbolic_link"


class Outcome(StrEnum):
    """What became of a folder."""

    ENROLLED = "enrolled"
    PRESENT = "enrolled before"
    REFUSED = "refused"


@dataclass(frozen=True)
class Folder:
    """A person's folder; identifier and name are its own, `_` in the name is a space."""

    path: Path

    @property
    def identifier(self) -> str:
        """What the person is known by."""
        return normalize_name(self.path.name)

    @property
    def name(self) -> str:
        """What the person is called."""
        return normalize_name(self.path.name.replace("_", " "))

    @property
    def is_named(self) -> bool:
        """Whether identifier and name can be a person's."""
        kept = ((self.identifier, IDENTIFIER_LENGTH), (self.name, NAME_LENGTH))
        return all(0 < len(text) <= most and is_shown(text) for text, most in kept)


@dataclass(frozen=True)
class Refused:
    """A picture, or a whole folder, that was not taken."""

    path: Path
    problem: PictureProblem


@dataclass(frozen=True)
class Report:
    """What became of a folder, of how many of its pictures, and why not of the others."""

    folder: Folder
    outcome: Outcome
    taken: int = 0
    refused: tuple[Refused, ...] = ()


def folders_in(root: Path) -> tuple[Folder, ...]:
    """The folders of people in a folder, by name; hidden files and folders are passed over.

    Symbolic links to folders are among them, to be refused.
    """
    return tuple(
        Folder(path) for path in sorted(root.iterdir()) if path.is_dir() and _is_seen(path)
    )


def import_folders(
    folders: Iterable[Folder], *, accept_doubts: bool = False, dry_run: bool = False
) -> Iterator[Report]:
    """Enrol the people of folders, who agreed, each with the pictures that can be used.

    Somebody who is enrolled already is left as they are, so that an import that broke off goes on
    where it ended. Of folders whose names are compared as the same, the first is taken. Pictures
    with doubts are used only where doubts are accepted. Symbolic links are refused: a folder that
    came from others could so hold pictures that lie elsewhere on this machine.
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
        yield _import(folder, accept_doubts=accept_doubts, dry_run=dry_run)


def _import(folder: Folder, *, accept_doubts: bool, dry_run: bool) -> Report:
    if not folder.is_named:
        return _refused_whole(folder, NAME_UNUSABLE)
    if met := _met(folder):
        return met
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
    draft = review_pictures(list(read.values()))
    problems = [*draft.refusals, *(() if accept_doubts else draft.doubted)]
    out = {problem.place for problem in problems}
    faces = [face for place, face in draft.faces.items() if place not in out]
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
            store_person(new, faces, None, overridden=draft.every_doubt if accept_doubts else ())
        except DuplicateIdentifier:  # somebody else enrolled them meanwhile
            return _met(folder) or _refused_whole(folder, DuplicateIdentifier.code)
    return Report(folder, Outcome.ENROLLED, len(faces), refused)


def _met(folder: Folder) -> Report | None:
    """What to say of a folder whose identifier somebody has; None where nobody has it."""
    found = people_after(None, 1, identifier=folder.identifier)
    if not found:
        return None
    if found[0].identifier == folder.identifier:
        return Report(folder, Outcome.PRESENT)
    return _refused_whole(folder, DuplicateIdentifier.code)


def _contents(pictures: Sequence[Path]) -> tuple[dict[Path, bytes], list[Path]]:
    """What files hold, and those that cannot be read; of huge ones the beginning says enough."""
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
    """The files of a folder, and the symbolic links in it, which are not followed."""
    seen = sorted(path for path in folder.iterdir() if _is_seen(path))
    links = tuple(path for path in seen if path.is_symlink())
    return tuple(path for path in seen if path not in links and path.is_file()), links


def _is_seen(path: Path) -> bool:
    return not path.name.startswith(".")
