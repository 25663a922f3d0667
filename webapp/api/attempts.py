"""Endpoint for the feed of attempts."""

from __future__ import annotations

from typing import Any

from webapp.api.blueprint import Blueprint
from webapp.api.cursors import Part, feed_of, number
from webapp.api.schemas.attempts import AttemptsSchema, FeedQuerySchema
from webapp.db.models import Scope
from webapp.services.attempts.attempt_log import AttemptRecord, attempts_after

blueprint = Blueprint("attempts", "Attempts")
FEED = "attempts"


@blueprint.call("/attempts", "GET", Scope.READ)
@blueprint.arguments(FeedQuerySchema, location="query")
@blueprint.response(200, AttemptsSchema)
def feed(query: dict[str, Any]) -> Part[AttemptRecord]:
    """List attempts since a cursor, in the order in which they were stored.

    Pass `next` of one answer as `since` of the following request, now or later, to continue where
    it ended.
    """
    found = attempts_after(number(FEED, query["since"]), query["limit"])
    return feed_of(FEED, found, query["since"], lambda one: one.number)
