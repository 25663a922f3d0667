"""Schemas of people and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from webapp.api.requests.parsing import Name, Picture, Switch
from webapp.api.schemas.lists import PageQuerySchema, PageSchema
from webapp.core.text import normalize_name
from webapp.db.models.person import IDENTIFIER_LENGTH, NAME_LENGTH
from webapp.settings import PICTURES_A_REQUEST

MOST_ENROLLED = PICTURES_A_REQUEST


class PersonSchema(Schema):
    """An enrolled person."""

    id = fields.UUID(required=True)
    identifier = fields.String(required=True)
    name = fields.String(required=True)
    pictures = fields.Integer(
        required=True, metadata={"description": "Number of enabled pictures."}
    )
    created_at = fields.AwareDateTime(required=True)
    consent_version = fields.String(
        required=True, metadata={"description": "Version of the terms that the person agreed to."}
    )
    consent_at = fields.AwareDateTime(required=True)


class PeopleSchema(PageSchema):
    """A page of the list of people, in order of enrolment."""

    items = fields.List(fields.Nested(PersonSchema), required=True)


class PeopleQuerySchema(PageQuerySchema):
    """Criteria for people."""

    q = fields.String(
        load_default="",
        validate=Length(max=NAME_LENGTH),
        metadata={"description": "A part of identifier or name, case-insensitive."},
    )
    identifier = fields.String(
        load_default="",
        validate=Length(max=IDENTIFIER_LENGTH),
        metadata={"description": "The whole identifier, case-insensitive; omit it for everybody."},
    )

    @validates_schema(pass_original=True)
    def check_identifier(
        self, wanted: dict[str, Any], sent: Mapping[str, Any], **_options: object
    ) -> None:
        """Refuse an empty identifier: a program whose variable is empty would get everybody.

        Clients of the first release always send `q` and `identifier`, so with `q` it is omitted.
        """
        if "identifier" in sent and "q" not in sent and not normalize_name(wanted["identifier"]):
            raise ValidationError({"identifier": ["Empty. Omit it to list everybody."]})


class PicturesSchema(Schema):
    """Pictures to store for a person."""

    pictures = fields.List(Picture(), required=True, validate=Length(1, MOST_ENROLLED))
    accept_doubts = Switch(
        load_default=False,
        metadata={
            "description": "Store pictures in spite of warnings: eyes or mouth covered, unlike the "
            "person's others, or similar to another person."
        },
    )


class NewPersonSchema(PicturesSchema):
    """A person to enrol."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))
    name = Name(required=True, validate=Length(1, NAME_LENGTH))
    consent = Switch(
        required=True, metadata={"description": "Whether the person consented to the storage."}
    )


class PersonChangeSchema(Schema):
    """Fields to change, one or both; omitted ones stay."""

    identifier = Name(load_default=None, validate=Length(1, IDENTIFIER_LENGTH))
    name = Name(load_default=None, validate=Length(1, NAME_LENGTH))

    @validates_schema
    def _changes_something(self, changes: dict[str, str | None], **_kwargs: object) -> None:
        if not any(changes.values()):
            raise ValidationError("Nothing to change: send identifier, name or both.")


class DoubtSchema(Schema):
    """A warning about a picture."""

    code = fields.String(required=True)


class AnchorSchema(Schema):
    """A stored picture of a person."""

    id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True)
    retired_at = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it was disabled; null while it is compared."},
    )
    reasons = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Codes of the picture's quality faults."},
    )
    doubts = fields.List(
        fields.Pluck(DoubtSchema, "code"),
        required=True,
        metadata={"description": "Codes of the warnings about the picture."},
    )


class AnchorsSchema(Schema):
    """Stored pictures of a person, oldest first."""

    person_id = fields.UUID(required=True)
    items = fields.List(fields.Nested(AnchorSchema), required=True)
