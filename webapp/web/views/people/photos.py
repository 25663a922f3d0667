"""Pictures of a form: those sent, and those returned with the page so that none is lost."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote, unquote

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from wtforms import SelectChoice

from webapp.db.models import Person
from webapp.errors.base import ServiceError
from webapp.errors.liveness import ChallengeUnknown
from webapp.errors.matching import Busy, GalleryLoading, MustWait
from webapp.messages import describe
from webapp.services.enrolment.review import PictureReview
from webapp.services.enrolment.warnings import EnrolmentWarning
from webapp.services.people.anchor_reports import (
    AnchorReport,
    Likeness,
    likeness_of,
    report_on,
    reports_with,
)
from webapp.settings import current_settings
from webapp.web.display.names import isolated
from webapp.web.forms.fields import AnchorsForm, choices
from webapp.web.uploads import chosen


@dataclass(frozen=True)
class Picture:
    """A picture with its file name."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        """Digest that identifies the picture."""
        return sha256(self.data).hexdigest()

    @property
    def base64(self) -> str:
        """The bytes as base64, for a page."""
        return b64encode(self.data).decode()

    @property
    def value(self) -> str:
        """Name and bytes as the value of a field."""
        return f"{quote(self.name)},{self.base64}"

    @classmethod
    def of_value(cls, value: str) -> Picture:
        """Return the picture of a field's value; a malformed value gives empty bytes."""
        name, _, encoded = value.rpartition(",")
        try:
            return cls(unquote(name), b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            return cls(unquote(name), b"")


@dataclass(frozen=True)
class ReviewedPictures:
    """What a page reports about the pictures it received, and the ones that it returns.

    Attributes:
        problems: name and error text of each picture that cannot be used.
        kept: each usable picture, with the texts of its warnings.
        doubts_seen: digests of the pictures whose warnings the page shows.
    """

    problems: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[Picture, tuple[str, ...]], ...] = ()
    doubts_seen: str = ""

    @property
    def doubtful(self) -> int:
        """Number of pictures with warnings."""
        return sum(bool(doubts) for _picture, doubts in self.kept)


NOTHING = ReviewedPictures()
# Temporary errors: the page returns the pictures, to be sent again soon.
WAITS = (Busy, GalleryLoading)


def contents(files: list[FileStorage]) -> list[bytes]:
    """Return the bytes of the chosen files."""
    return [file.read() for file in chosen(files)]


def sent_pictures(form: AnchorsForm) -> list[Picture]:
    """Return the pictures from the previous page, then those chosen now, up to the maximum."""
    kept = [Picture.of_value(value) for value in form.kept.data]
    new = [Picture(file.filename or "", file.read()) for file in chosen(form.images.data)]
    return (kept + new)[: form.most]


def is_accepted(review: PictureReview, pictures: Sequence[Picture], form: AnchorsForm) -> bool:
    """Return whether all pictures can be used, and all warnings were shown before."""
    seen = set((form.doubts_seen.data or "").split())
    return not review.refused and all(pictures[number].digest in seen for number in review.doubts)


def reviewed(review: PictureReview, pictures: Sequence[Picture]) -> ReviewedPictures:
    """Return the review in words, with the crops that would be stored."""
    problems = tuple(
        (pictures[number].name, describe(error.code, error.details))
        for number, error in review.refused.items()
    )
    cropped = {
        number: Picture(pictures[number].name, face.picture)
        for number, face in review.faces.items()
    }
    return ReviewedPictures(
        problems=problems,
        kept=tuple(
            (picture, tuple(in_words(doubt) for doubt in review.doubts.get(number, ())))
            for number, picture in cropped.items()
        ),
        doubts_seen=" ".join(cropped[number].digest for number in review.doubts),
    )


def unreviewed(pictures: Sequence[Picture]) -> ReviewedPictures:
    """Return the pictures as they were sent, as many as a form without scripts can send again."""
    kept: list[Picture] = []
    left = current_settings().fields_bytes
    for picture in pictures:
        left -= len(picture.value)
        if left < 0:
            break
        kept.append(picture)
    return ReviewedPictures(kept=tuple((picture, ()) for picture in kept))


def in_words(doubt: EnrolmentWarning) -> str:
    """Return a warning as a sentence."""
    return describe(doubt.code, {"name": isolated(doubt.name or "")})


def complain(form: AnchorsForm, error: ServiceError) -> None:
    """Show an error; a challenge that is no longer valid is not returned with the page."""
    form.form_errors.append(describe(error.code, error.details))
    if isinstance(error, ChallengeUnknown):
        form.challenge.data = ""


def seconds_to_wait(error: MustWait) -> int:
    """Return the seconds that the button waits; 0 for a busy server, whose wait is unknown."""
    return 0 if isinstance(error, Busy) else error.seconds


def later(error: MustWait, page: str) -> ResponseReturnValue:
    """Return a page that keeps what was sent, with the time to send it again."""
    if isinstance(error, Busy):
        return page
    return page, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(seconds_to_wait(error))}


def compared(person: Person) -> tuple[tuple[AnchorReport, ...], Likeness | None]:
    """Return reports and similarity of a person's photos; without comparisons while loading."""
    try:
        return report_on(person), likeness_of(person)
    except GalleryLoading:
        return reports_with(person.id, [anchor.id for anchor in person.anchors], {}), None


def photos_to_replace(anchors: tuple[AnchorReport, ...]) -> list[SelectChoice]:
    """Return the enabled photos, as choices of one to replace."""
    in_use = [anchor for anchor in anchors if anchor.retired_at is None]
    return choices(
        {anchor.id: _("Photo %(n)s", n=anchor.number) for anchor in in_use},
        _("No photo: keep all"),
    )
