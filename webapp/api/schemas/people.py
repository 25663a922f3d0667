"""People and their pictures."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from webapp.api.requests.parsing import Name, Picture, Switch
from webapp.api.schemas.lists import PageQuerySchema, PageSchema
from webapp.db.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.settings import Settings

MOST_ENROLLED = Settings.pictures_a_request


class PersonSchema(Schema):
    """Somebody enrolled."""

    id = fields.UUID(required=True)
    identifier = fields.String(required=True)
    name = fields.String(required=True)
    pictures = fields.Integer(required=True, metadata={"description": "Those that are compared."})
    created_at = fields.AwareDateTime(required=True)
    consent_version = fields.String(
        required=True, metadata={"description": "The wording that the person agreed to."}
    )
    consent_at = fields.AwareDateTime(required=True)


class PeopleSchema(PageSchema):
    """A part of the list of people, in the order of their enrolment."""

    items = fields.List(fields.Nested(PersonSchema), required=True)


class PeopleQuerySchema(PageQuerySchema):
    """Which people."""

    q = fields.String(
        load_default="",
        validate=Length(max=NAME_LENGTH),
        metadata={"description": "A part of identifier or name, in any case."},
    )
    identifier = Name(
        load_default="",
        validate=Length(1, IDENTIFIER_LENGTH),
        metadata={"description": "The whole identifier, in any case; left out, everybody's."},
    )


class PicturesSchema(Schema):
    """Pictures that are to be stored of a person."""

    pictures = fields.List(Picture(), required=True, validate=Length(1, MOST_ENROLLED))
    accept_doubts = Switch(
        load_default=False,
        metadata={
            "description": "Store pictures although they look unlike the person's others, or "
            "like somebody else."
        },
    )


class NewPersonSchema(PicturesSchema):
    """Somebody to be enrolled."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))
    name = Name(required=True, validate=Length(1, NAME_LENGTH))
    consent = Switch(
        required=True, metadata={"description": "Whether the person agreed that this is stored."}
    )


class PersonChangeSchema(Schema):
    """What is to be changed, one or both; what is left out stays."""

    identifier = Name(load_default=None, validate=Length(1, IDENTIFIER_LENGTH))
    name = Name(load_default=None, validate=Length(1, NAME_LENGTH))

    @validates_schema
    def _changes_something(self, wanted: dict[str, str | None], **_kwargs: object) -> None:
        if not any(wanted.values()):
            raise ValidationError("Nothing is to be changed.")


class DoubtSchema(Schema):
    """What is doubtful about a picture."""

    code = fields.String(required=True)


class AnchorSchema(Schema):
    """A stored picture of a person."""

    id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True)
    retired_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "Since when it is kept, but not compared."},
    )
    reasons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Codes of what is wrong with the picture."},
    )
    doubts = fields.List(
        fields.Pluck(DoubtSchema, "code"),
        required=True,
        metadata={"description": "Codes of why the picture may do harm."},
    )


class AnchorsSchema(Schema):
    """Stored pictures of a person, oldest first."""

    person_id = fields.UUID(required=True)
    items = fields.List(fields.Nested(AnchorSchema), required=True)
