"""What requests and answers about challenges look like."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from webapp.api.requests.parsing import Name, Picture, Whole
from webapp.db.models.person import IDENTIFIER_LENGTH
from webapp.services.liveness.challenges import BOUNDS


class ChallengeClaimSchema(Schema):
    """Who somebody claims to be."""

    identifier = Name(required=True, validate=Length(1, IDENTIFIER_LENGTH))


class AskedSchema(Schema):
    """What is asked for now."""

    frame = fields.Integer(
        required=True, metadata={"description": "The number that the next frame must have."}
    )
    step = fields.Integer(
        required=True, metadata={"description": "0 is looking straight ahead, then the movements."}
    )
    of = fields.Integer(required=True, metadata={"description": "How many movements there are."})
    instruction = fields.String(
        required=True,
        metadata={
            "description": "straight, turn_left, turn_right, turn_up, turn_down, come_closer; left "
            "and right are the person's own. After done ask for the verdict."
        },
    )
    message = fields.String(
        required=True,
        metadata={"description": "What to show, in the language of Accept-Language."},
    )
    share = fields.Float(
        required=True,
        metadata={"minimum": 0, "maximum": 1, "description": "How much of it is done."},
    )
    hint = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "A code of what stands in the way; null where nothing does."},
    )
    light = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "A colour, #rrggbb, to fill the screen with around the face from now "
            "on; it changes three times a second at most. null where no light is asked for."
        },
    )


class ChallengeSchema(Schema):
    """A challenge that was begun."""

    id = fields.UUID(required=True)
    seconds = fields.Integer(required=True, metadata={"description": "How long it may take."})
    asked = fields.Nested(AskedSchema, required=True)


class FrameSchema(Schema):
    """The next frame: not mirrored, some 480 pixels wide, some four a second."""

    number = Whole(required=True, validate=Range(1, BOUNDS.frames))
    picture = Picture(required=True, validate=Length(max=BOUNDS.frame_bytes))
