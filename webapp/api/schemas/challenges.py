"""Schemas of liveness challenges."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from webapp.api.requests.parsing import Name, Picture, Whole
from webapp.db.models.person import IDENTIFIER_LENGTH
from webapp.services.liveness.challenges import CHALLENGE_LIMITS


class ChallengeClaimSchema(Schema):
    """The claimed identity."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))


class AskedSchema(Schema):
    """The next instruction of a challenge."""

    frame = fields.Integer(
        required=True, metadata={"description": "Number that the next frame must have."}
    )
    step = fields.Integer(
        required=True,
        metadata={"description": "0 for looking straight ahead, then 1 to of for the movements."},
    )
    of = fields.Integer(required=True, metadata={"description": "Number of movements."})
    instruction = fields.String(
        required=True,
        metadata={
            "description": "straight, turn_left, turn_right, turn_up, turn_down, come_closer or "
            "done. Left and right are the person's own. After done, request the verdict."
        },
    )
    message = fields.String(
        required=True,
        metadata={"description": "Text to show, in the language of Accept-Language."},
    )
    share = fields.Float(
        required=True,
        metadata={"minimum": 0, "maximum": 1, "description": "Progress of the instruction."},
    )
    hint = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Code of what prevents progress; null if nothing does."},
    )
    light = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Colour, #rrggbb, to fill the screen with around the face from now on. "
            "It changes at most three times a second. null if no light is required."
        },
    )


class ChallengeSchema(Schema):
    """A started challenge."""

    id = fields.UUID(required=True)
    seconds = fields.Integer(required=True, metadata={"description": "Time limit in seconds."})
    asked = fields.Nested(AskedSchema, required=True)


class FrameSchema(Schema):
    """The next frame: not mirrored, about 480 pixels wide, about four a second."""

    number = Whole(required=True, validate=Range(1, CHALLENGE_LIMITS.frames))
    picture = Picture(required=True, validate=Length(max=CHALLENGE_LIMITS.frame_bytes))
