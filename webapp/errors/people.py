"""Errors of people, their anchors and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.errors.base import ServiceError


class DuplicateIdentifier(ServiceError):
    """Somebody with this identifier is enrolled already."""

    code = "duplicate_identifier"


class UnknownPerson(ServiceError):
    """No such person, or no longer."""

    code = "unknown_person"


class UnknownAnchor(ServiceError):
    """No such anchor, or no longer."""

    code = "unknown_anchor"


class LastAnchor(ServiceError):
    """A person keeps at least one anchor in use; without any, the person is to be deleted."""

    code = "last_anchor"


class TooManyAnchors(ServiceError):
    """The person has as many anchors as are allowed."""

    code = "too_many_anchors"


class ConsentMissing(ServiceError):
    """Nothing is stored without the person's consent."""

    code = "consent_missing"


class AnotherFace(ServiceError):
    """Pictures do not show who passed the challenge; `details` count from 1 which they are."""

    code = "another_face"

    def __init__(self, pictures: str) -> None:
        super().__init__(pictures=pictures)


@dataclass(frozen=True)
class PictureProblem:
    """What is wrong with, or doubtful about, one of the pictures that were sent together.

    `place` counts from 0; `details` are facts for the words of the code.
    """

    place: int
    code: str
    details: Mapping[str, object]


class PicturesRejected(ServiceError):
    """Pictures are not taken as they are; `problems` say which, and why."""

    def __init__(self, problems: tuple[PictureProblem, ...]) -> None:
        super().__init__()
        self.problems = problems


class PicturesRefused(PicturesRejected):
    """Some of the pictures cannot be used."""

    code = "pictures_refused"


class NoPictureUsable(PicturesRejected):
    """Of several pictures of one request too few can be used; the code is the first one's."""

    def __init__(self, problems: tuple[PictureProblem, ...]) -> None:
        super().__init__(problems)
        self.code = problems[0].code
        self.details = dict(problems[0].details)


class PicturesNeedReview(PicturesRejected):
    """There are doubts about some of the pictures, and nobody accepted them."""

    code = "pictures_doubtful"
