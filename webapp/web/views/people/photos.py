"""Pictures of a form: those sent, and those handed back with the page so that none is lost."""

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
    """A picture by the name of its file."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        """What stands for the picture where only its being the same matters."""
        return sha256(self.data).hexdigest()

    @property
    def base64(self) -> str:
        """The bytes as a page can hold them."""
        return b64encode(self.data).decode()

    @property
    def value(self) -> str:
        """Name and bytes as the value of a field."""
        return f"{quote(self.name)},{self.base64}"

    @classmethod
    def of_value(cls, value: str) -> Picture:
        """The picture that a field holds; what is no value of ours gives no bytes."""
        name, _, encoded = value.rpartition(",")
        try:
            return cls(unquote(name), b64decode(encoded, validate=True))
        except (binascii.Error, ValueError):
            return cls(unquote(name), b"")


@dataclass(frozen=True)
class LookedThrough:
    """What a page says about the pictures that it was sent, and hands back.

    Attributes:
        problems: name and words for each picture that cannot be used.
        kept: each picture that can, with words for the doubts about it.
        doubts_seen: digests of the pictures whose doubts the page shows.
    """

    problems: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[Picture, tuple[str, ...]], ...] = ()
    doubts_seen: str = ""

    @property
    def doubtful(self) -> int:
        """How many pictures there are doubts about."""
        return sum(bool(doubts) for _picture, doubts in self.kept)


NOTHING = LookedThrough()
# What passes: the pictures come back with the page, and can be sent again soon.
WAITS = (Busy, GalleryLoading)


def contents(files: list[FileStorage]) -> list[bytes]:
    """The bytes of the files that were chosen."""
    return [file.read() for file in chosen(files)]


def sent_pictures(form: AnchorsForm) -> list[Picture]:
    """The pictures that the last page handed back, then those chosen now, as many as may be."""
    kept = [Picture.of_value(value) for value in form.kept.data]
    new = [Picture(file.filename or "", file.read()) for file in chosen(form.images.data)]
    return (kept + new)[: form.most]


def is_accepted(draft: PictureReview, pictures: Sequence[Picture], form: AnchorsForm) -> bool:
    """Whether all pictures can be used and every doubt was seen before."""
    seen = set((form.doubts_seen.data or "").split())
    return not draft.refused and all(pictures[number].digest in seen for number in draft.doubts)


def looked_through(draft: PictureReview, pictures: Sequence[Picture]) -> LookedThrough:
    """The draft in words. What is handed back is the crop that would be stored."""
    problems = tuple(
        (pictures[number].name, describe(error.code, error.details))
        for number, error in draft.refused.items()
    )
    cropped = {
        number: Picture(pictures[number].name, face.picture) for number, face in draft.faces.items()
    }
    return LookedThrough(
        problems=problems,
        kept=tuple(
            (picture, tuple(in_words(doubt) for doubt in draft.doubts.get(number, ())))
            for number, picture in cropped.items()
        ),
        doubts_seen=" ".join(cropped[number].digest for number in draft.doubts),
    )


def handed_back(pictures: Sequence[Picture]) -> LookedThrough:
    """The pictures as they were sent, as many as a form without scripts can send again."""
    kept: list[Picture] = []
    left = current_settings().fields_bytes
    for picture in pictures:
        left -= len(picture.value)
        if left < 0:
            break
        kept.append(picture)
    return LookedThrough(kept=tuple((picture, ()) for picture in kept))


def in_words(doubt: EnrolmentWarning) -> str:
    """A doubt as a sentence."""
    return describe(doubt.code, {"name": isolated(doubt.name or "")})


def complain(form: AnchorsForm, error: ServiceError) -> None:
    """Say why nothing is stored; a challenge that is of no use is not handed back."""
    form.form_errors.append(describe(error.code, error.details))
    if isinstance(error, ChallengeUnknown):
        form.challenge.data = ""


def seconds_to_wait(error: MustWait) -> int:
    """How long the button waits; a turn among many faces comes sooner than can be said."""
    return 0 if isinstance(error, Busy) else error.seconds


def later(error: MustWait, page: str) -> ResponseReturnValue:
    """A page that keeps what was sent, and says when to send it again."""
    if isinstance(error, Busy):
        return page
    return page, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(seconds_to_wait(error))}


def compared(person: Person) -> tuple[tuple[AnchorReport, ...], Likeness | None]:
    """What comparing a person's photos says; no doubts and no likeness before everybody is read."""
    try:
        return report_on(person), likeness_of(person)
    except GalleryLoading:
        return reports_with(person.id, [anchor.id for anchor in person.anchors], {}), None


def photos_to_replace(anchors: tuple[AnchorReport, ...]) -> list[SelectChoice]:
    """What new pictures may take the place of."""
    in_use = [anchor for anchor in anchors if anchor.retired_at is None]
    return choices(
        {anchor.id: _("Photo %(n)s", n=anchor.number) for anchor in in_use},
        _("No photo: keep all"),
    )
