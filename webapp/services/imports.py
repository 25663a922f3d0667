"""People enrolled from folders of pictures: one folder a person, each whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from webapp.errors import DuplicateIdentifier, PictureProblem
from webapp.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.recognition import recognition
from webapp.services.drafts import look_through
from webapp.services.enrolment import NewPerson, store_person
from webapp.services.names import tidy
from webapp.services.people import people_after

NAME_UNUSABLE, NO_PICTURES, TOO_MANY = "name_unusable", "no_pictures", "too_many_anchors"


class Outcome(StrEnum):
    """What became of a folder."""

    ENROLLED = "enrolled"
    PRESENT = "enrolled before"
    REFUSED = "refused"


@dataclass(frozen=True)
class Folder:
    """A person's pictures; identifier and name are the folder's, `_` in the name is a space."""

    path: Path
    pictures: tuple[Path, ...]

    @property
    def identifier(self) -> str:
        """What the person is known by."""
        return tidy(self.path.name)

    @property
    def name(self) -> str:
        """What the person is called."""
        return tidy(self.path.name.replace("_", " "))

    @property
    def is_named(self) -> bool:
        """Whether identifier and name can be a person's."""
        longest = min(IDENTIFIER_LENGTH, NAME_LENGTH)
        return 0 < len(self.identifier) <= longest and self.identifier.isprintable()


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
    """The folders of people in a folder, by name; hidden files and folders are passed over."""
    paths = sorted(path for path in root.iterdir() if path.is_dir() and _is_seen(path))
    return tuple(Folder(path, _pictures(path)) for path in paths)


def import_folder(folder: Folder, *, accept_doubts: bool = False, dry_run: bool = False) -> Report:
    """Enrol the person of a folder, who agreed, with the pictures that can be used.

    Somebody who is enrolled already is left as they are, so that an import that broke off goes on
    where it ended. Pictures with doubts are used only where doubts are accepted.
    """
    if not folder.is_named:
        return _refused_whole(folder, NAME_UNUSABLE)
    if people_after(None, 1, identifier=folder.identifier):
        return Report(folder, Outcome.PRESENT)
    if not folder.pictures:
        return _refused_whole(folder, NO_PICTURES)
    most = recognition().settings.anchors_a_person
    draft = look_through([path.read_bytes() for path in folder.pictures[:most]])
    problems = [*draft.refusals, *(() if accept_doubts else draft.doubted), *_beyond(folder, most)]
    refused = _refused(folder, problems)
    out = {problem.place for problem in problems}
    faces = [face for place, face in draft.faces.items() if place not in out]
    if not faces:
        return Report(folder, Outcome.REFUSED, 0, refused)
    if not dry_run:
        try:
            store_person(NewPerson(folder.identifier, folder.name, consent=True), faces, None)
        except DuplicateIdentifier:  # somebody else enrolled them meanwhile
            return Report(folder, Outcome.PRESENT)
    return Report(folder, Outcome.ENROLLED, len(faces), refused)


def _beyond(folder: Folder, most: int) -> Iterable[PictureProblem]:
    return [PictureProblem(place, TOO_MANY, {}) for place in range(most, len(folder.pictures))]


def _refused(folder: Folder, problems: Sequence[PictureProblem]) -> tuple[Refused, ...]:
    in_order = sorted(problems, key=lambda problem: problem.place)
    return tuple(Refused(folder.pictures[problem.place], problem) for problem in in_order)


def _refused_whole(folder: Folder, code: str) -> Report:
    problem = PictureProblem(0, code, {})
    return Report(folder, Outcome.REFUSED, 0, (Refused(folder.path, problem),))


def _pictures(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.is_file() and _is_seen(path)))


def _is_seen(path: Path) -> bool:
    return not path.name.startswith(".")
