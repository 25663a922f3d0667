"""Schema of the health check."""

from __future__ import annotations

from marshmallow import Schema, fields


class HealthSchema(Schema):
    """Whether the app can serve."""

    ready = fields.Boolean(required=True)
    obstacles = fields.List(fields.String(), required=True)
    anchors = fields.Integer(
        metadata={"description": "While the gallery loads: number of stored photos to load."}
    )
    anchors_read = fields.Integer(metadata={"description": "Number of them already loaded."})
