"""Errors of people, their anchors and their photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.errors.base import ServiceError


class DuplicateIdentifier(ServiceError):
    """The identifier belongs to an enrolled person."""

    code = "duplicate_identifier"


class UnknownPerson(ServiceError):
    """The person does not exist, or was deleted."""

    code = "unknown_person"


class UnknownAnchor(ServiceError):
    """The anchor does not exist, or was deleted."""

    code = "unknown_anchor"


class LastAnchor(ServiceError):
    """A person keeps at least one enabled anchor; delete the person instead."""

    code = "last_anchor"


class TooManyAnchors(ServiceError):
    """The person has reached the maximum number of anchors."""

    code = "too_many_anchors"


class ConsentMissing(ServiceError):
    """The person has not consented; nothing is stored."""

    code = "consent_missing"


class AnotherFace(ServiceError):
    """Photos show another face than the challenge; `details` list their numbers from 1."""

    code = "another_face"

    def __init__(self, pictures: str) -> None:
        super().__init__(pictures=pictures)


@dataclass(frozen=True)
class PictureProblem:
    """An error in, or a warning about, one of the photos of a request.

    Attributes:
        place: index of the photo, from 0.
        code: stable name of the reason.
        details: values for the text of the code, by name.
    """

    place: int
    code: str
    details: Mapping[str, object]


class PicturesRejected(ServiceError):
    """Photos were rejected; `problems` hold the reason for each."""

    def __init__(self, problems: tuple[PictureProblem, ...]) -> None:
        super().__init__()
        self.problems = problems


class PicturesRefused(PicturesRejected):
    """Some of the photos are unusable."""

    code = "pictures_refused"


class NoPictureUsable(PicturesRejected):
    """Too few photos of a request are usable; the code is that of the first problem."""

    def __init__(self, problems: tuple[PictureProblem, ...]) -> None:
        super().__init__(problems)
        self.code = problems[0].code
        self.details = dict(problems[0].details)


class PicturesNeedReview(PicturesRejected):
    """Some of the photos have warnings that were not accepted."""

    code = "pictures_doubtful"
