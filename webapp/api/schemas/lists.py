"""Schemas of paginated lists."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

ROWS, MOST_ROWS = 50, 200


LONGEST_CURSOR = 400


class PageSchema(Schema):
    """A page of a list."""

    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Cursor of the next page; null on the last."},
    )


class PageQuerySchema(Schema):
    """Position in a list."""

    limit = fields.Integer(load_default=ROWS, validate=Range(1, MOST_ROWS))
    cursor = fields.String(load_default="", validate=Length(max=LONGEST_CURSOR))
