"""What a person may send."""

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
    """What may be chosen, in its words; `nothing` says what it means to choose none of it."""
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
    """A field for a name: tidied, filled in, of characters that can be shown."""
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
    """The pictures that the last page handed back: none, one or more values."""

    data: list[str]

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take every value."""
        self.data = valuelist


class PageForm(FlaskForm):
    """A form of a page; what was typed before its session ended fills it in again."""

    class Meta(FlaskForm.Meta):
        """Where the entries come from."""

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """What was sent, or else what was typed before; nothing for a form without entries."""
            sent = super().wrap_formdata(form, formdata)
            return typed_before() if sent is None and formdata is not None else sent

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was sent or typed before."""
        return not self.is_submitted() and typed_before() is None


class EmptyForm(PageForm):
    """Nothing but the token against forged requests."""


class VerifyForm(PageForm):
    """Who somebody claims to be, and what the camera saw."""

    identifier = name_field(_l("Identifier"), IDENTIFIER_LENGTH)
    frames = MultipleFileField(_l("Pictures"), validators=[_some_frames])


class ClaimForm(PageForm):
    """Who somebody claims to be."""

    identifier = name_field(_l("Identifier"), IDENTIFIER_LENGTH)


class ChallengedForm(ClaimForm):
    """A claim, and the challenge that shows who makes it."""

    challenge = HiddenField()

    def validate_challenge(self, field: Field) -> None:
        """Refuse a claim without one."""
        if not field.data:
            raise ValidationError(describe(ChallengeNeeded.code))


class WaivedForm(VerifyForm):
    """A claim whose maker an operator sees, and why there is no challenge."""

    waiver = SelectField(
        _l("Why without the movements"), choices=choices(WAIVER_WORDS, _l("Choose"))
    )

    def validate_waiver(self, field: Field) -> None:
        """Refuse to go on without a reason."""
        if not field.data:
            raise ValidationError(describe("waiver_unexplained"))


class IdentifyForm(PageForm):
    """What the camera saw."""

    frames = MultipleFileField(_l("Pictures"), validators=[_some_frames])


class AnchorsForm(PageForm):
    """More pictures of a person: chosen now, or kept from the last page with its doubts."""

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
        """How many pictures may be sent at once."""
        return current_settings().pictures_a_request

    def validate_images(self, field: Field) -> None:
        """Some, and not too many."""
        _some_pictures(len(self.kept.data) + len(chosen(field.data)), self.most)


class MoreAnchorsForm(AnchorsForm):
    """More pictures of somebody enrolled, perhaps in place of one, which the view knows."""

    in_place_of = SelectField(_l("In place of"), default="")


class EnrolForm(AnchorsForm):
    """A person, their consent and their pictures."""

    identifier = name_field(_l("Identifier"), IDENTIFIER_LENGTH)
    name = name_field(_l("Name"), NAME_LENGTH)
    consent = BooleanField(_l("The person agrees that this is stored"))

    def validate_identifier(self, field: Field) -> None:
        """Say that it is taken together with whatever else is wrong."""
        if is_taken(field.data):
            raise ValidationError(describe(DuplicateIdentifier.code))

    def validate_consent(self, field: Field) -> None:
        """Nothing is stored without it."""
        if not field.data:
            raise ValidationError(describe("consent_missing"))


class ConfirmedForm(PageForm):
    """Why something is changed, and the word that confirms dangers."""

    reason = name_field(_l("Reason"), REASON_LENGTH)
    confirmation = StringField(_l("Confirmation"))

    @property
    def is_confirmed(self) -> bool:
        """Whether the word that confirms dangers was typed."""
        return dangers.is_word(self.confirmation.data)

    def ask_to_confirm(self) -> None:
        """Say that the word is missing or another one."""
        word = dangers.word()
        self.confirmation.errors = [gettext("Type the word “%(word)s”.", word=word)]


class ReasonedForm(ConfirmedForm):
    """The same, the number of the change that it is based on, and how far it goes.

    With `review` nothing is changed yet: the effect is shown first.
    """

    based_on = IntegerField(widget=HiddenInput())
    review = BooleanField()

    def validate_based_on(self, field: Field) -> None:
        """Refuse a form that does not say what it is based on."""
        if field.data is None:
            raise ValidationError(describe(SettingConflict.code))
