"""Fields and forms shared by the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import (
    BooleanField,
    Field,
    Form,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
)
from wtforms.validators import Length, ValidationError
from wtforms.widgets import HiddenInput

from webapp.core.text import is_shown, normalize_name
from webapp.db.models.changes import REASON_LENGTH
from webapp.db.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.errors.liveness import ChallengeNeeded
from webapp.errors.people import DuplicateIdentifier
from webapp.errors.thresholds import SettingConflict
from webapp.messages import WAIVER_WORDS, describe
from webapp.services.people.people import is_taken
from webapp.settings import current_settings
from webapp.web.resumed_forms import typed_before
from webapp.web.uploads import chosen
from webapp.web.wording import dangers

LONGEST_CODE = 64


def choices(words: Mapping[Any, Any], nothing: Any = None) -> list[SelectChoice]:
    """Return the choices with their labels; `nothing` is the label of the empty choice."""
    none_of_it = [] if nothing is None else [SelectChoice("", nothing)]
    return none_of_it + [SelectChoice(str(value), label) for value, label in words.items()]


def _tidied(value: str | None) -> str:
    return normalize_name(value or "")


def _printable(_form: Form, field: Field) -> None:
    if not is_shown(field.data):
        raise ValidationError(describe("unprintable"))


def _filled(_form: Form, field: Field) -> None:
    if not field.data:
        raise ValidationError(describe("required"))


def name_field(label: Any, longest: int) -> StringField:
    """Return a field for a name: normalised, required, of printable characters."""
    return StringField(
        label, filters=[_tidied], validators=[_filled, Length(max=longest), _printable]
    )


def _some_pictures(pictures: int, most: int) -> None:
    if not pictures:
        raise ValidationError(describe("no_pictures"))
    if pictures > most:
        raise ValidationError(describe("too_many_pictures"))


def _some_frames(_form: Form, field: Field) -> None:
    _some_pictures(len(chosen(field.data)), current_settings().frames_a_request)


class CarriedPicturesField(Field):
    """Pictures that the previous page returned: any number of values."""

    data: list[str]

    def process_formdata(self, valuelist: list[str]) -> None:
        """Accept every value."""
        self.data = valuelist


class PageForm(FlaskForm):
    """A form of a page, filled in again with what was typed before its session ended."""

    class Meta(FlaskForm.Meta):
        """The source of the entries."""

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """Return the entries sent, or those typed before; None for a form without entries."""
            sent = super().wrap_formdata(form, formdata)
            return typed_before() if sent is None and formdata is not None else sent

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was sent now or typed before."""
        return not self.is_submitted() and typed_before() is None


class EmptyForm(PageForm):
    """A form with nothing but the CSRF token."""


class VerifyForm(PageForm):
    """The claimed identity, and the camera's pictures."""

    identifier = name_field(_l("Identifier"), IDENTIFIER_LENGTH)
    frames = MultipleFileField(_l("Pictures"), validators=[_some_frames])


class ClaimForm(PageForm):
    """The claimed identity."""

    identifier = name_field(_l("Identifier"), IDENTIFIER_LENGTH)


class ChallengedForm(ClaimForm):
    """A claim, and the challenge of the person who makes it."""

    challenge = HiddenField()

    def validate_challenge(self, field: Field) -> None:
        """Reject a claim without a challenge."""
        if not field.data:
            raise ValidationError(describe(ChallengeNeeded.code))


class WaivedForm(VerifyForm):
    """A claim without a challenge, with the reason of the operator who sees the person."""

    waiver = SelectField(
        _l("Why without the movements"), choices=choices(WAIVER_WORDS, _l("Choose"))
    )

    def validate_waiver(self, field: Field) -> None:
        """Reject a claim without a reason."""
        if not field.data:
            raise ValidationError(describe("waiver_unexplained"))


class IdentifyForm(PageForm):
    """The camera's pictures."""

    frames = MultipleFileField(_l("Pictures"), validators=[_some_frames])


class AnchorsForm(PageForm):
    """Pictures to add to a person: chosen now, or returned from the previous page with warnings."""

    images = MultipleFileField(_l("Pictures"))
    kept = CarriedPicturesField(default=list)
    doubts_seen = HiddenField()
    challenge = HiddenField()
    waiver = SelectField(
        _l("Why without the movements"),
        choices=choices(WAIVER_WORDS, _l("With the movements")),
        default="",
    )

    @property
    def most(self) -> int:
        """Maximum number of pictures in one request."""
        return current_settings().pictures_a_request

    def validate_images(self, field: Field) -> None:
        """Require at least one picture, and at most the maximum."""
        _some_pictures(len(self.kept.data) + len(chosen(field.data)), self.most)


class MoreAnchorsForm(AnchorsForm):
    """Pictures to add to an enrolled person, perhaps in place of one; the view sets the choices."""

    in_place_of = SelectField(_l("In place of"), default="")


class EnrolForm(AnchorsForm):
    """A person, their consent and their pictures."""

    identifier = name_field(_l("Identifier"), IDENTIFIER_LENGTH)
    name = name_field(_l("Name"), NAME_LENGTH)
    consent = BooleanField(_l("The person agrees that this is stored"))

    def validate_identifier(self, field: Field) -> None:
        """Reject an identifier that is taken, together with all other errors."""
        if is_taken(field.data):
            raise ValidationError(describe(DuplicateIdentifier.code))

    def validate_consent(self, field: Field) -> None:
        """Require consent."""
        if not field.data:
            raise ValidationError(describe("consent_missing"))


class ConfirmedForm(PageForm):
    """The reason for a change, and the word that confirms dangers."""

    reason = name_field(_l("Reason"), REASON_LENGTH)
    confirmation = StringField(_l("Confirmation"))

    @property
    def is_confirmed(self) -> bool:
        """Whether the word that confirms dangers was typed."""
        return dangers.is_word(self.confirmation.data)

    def ask_to_confirm(self) -> None:
        """Report that the word is missing or wrong."""
        word = dangers.word()
        self.confirmation.errors = [gettext("Type the word “%(word)s”.", word=word)]


class ReasonedForm(ConfirmedForm):
    """A change with its reason, and the number of the change that it is based on.

    With `review`, nothing changes yet: the effect is shown first.
    """

    based_on = IntegerField(widget=HiddenInput())
    review = BooleanField()

    def validate_based_on(self, field: Field) -> None:
        """Reject a form without the number of the change that it is based on."""
        if field.data is None:
            raise ValidationError(describe(SettingConflict.code))
