"""Limits on the size of requests, checked before they are read: head, body, parameters.

A view that accepts more than a small form states so with `takes`. For any other view, nothing
beyond `SMALL_BODY` is read, whatever the request declares.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from flask import Flask, abort, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from webapp.settings import NAME, Settings, current_settings

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "takes"
KILOBYTE, MEGABYTE = 1_000, 1_000_000
# Fits every form without pictures, and every JSON body.
SMALL_BODY = 100 * KILOBYTE
# One frame of at most 400 kB, as base64 in JSON, with its other fields.
FRAME_BODY = 600 * KILOBYTE
# Several frames, or one picture of at most 25 MB, with room for one that is rejected as too large.
PICTURE_BODY = 32 * MEGABYTE
# One picture of at most 25 MB as base64 in JSON.
ENCODED_PICTURE_BODY = 36 * MEGABYTE
HEAD_BYTES = 32 * KILOBYTE
MOST_PARAMETERS = 1_000
MOST_PARTS = 100
URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
HEAD_TOO_LARGE = 431


@dataclass(frozen=True)
class Taken:
    """Limits of a view, in bytes.

    Attributes:
        body: maximum of the body; None for the setting `request_bytes`.
        fields: maximum of the fields without files; None for the setting `fields_bytes`.
    """

    body: int | None = SMALL_BODY
    fields: int | None = SMALL_BODY

    def largest(self, settings: Settings, media_type: str) -> int:
        """Return the maximum of a body of a media type."""
        body = settings.request_bytes if self.body is None else self.body
        return min(body, SMALL_BODY if media_type == URL_ENCODED else settings.request_bytes)


def takes(body: int | None = None, fields: int | None = SMALL_BODY) -> Callable[[View], View]:
    """State what a view accepts beyond a small form."""

    def state(view: View) -> View:
        setattr(view, ATTRIBUTE, Taken(body, fields))
        return view

    return state


def bound_requests(app: Flask) -> None:
    """Reject requests by what they declare, before any other work."""
    app.before_request(_check_head)
    app.before_request(_bound_body)


def check_parameters(app: Flask) -> None:
    """Count the parameters of a form before they are parsed."""
    app.before_request(check_form)


def largest_body(app: Flask, method: str, path: str, kind: str) -> int:
    """Return the maximum body in bytes of a request to a path, by its media type."""
    try:
        within = unquote(path).removeprefix(os.environ.get("SCRIPT_NAME", ""))
        endpoint, _ = app.url_map.bind("").match(within, method)
    except HTTPException:
        return SMALL_BODY
    bounds = getattr(app.view_functions.get(endpoint), ATTRIBUTE, Taken())
    return bounds.largest(app.extensions[NAME], kind.partition(";")[0].strip().lower())


def takes_pictures() -> bool:
    """Return whether the view of the current request accepts pictures."""
    return taken() != Taken()


def taken() -> Taken:
    """Return the limits of the view of the current request."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, ATTRIBUTE, Taken())


def _check_head() -> None:
    size = sum(len(name) + len(value) for name, value in request.headers)
    if size > HEAD_BYTES:
        abort(HEAD_TOO_LARGE)
    if request.query_string.count(b"&") > MOST_PARAMETERS:
        abort(414)


def _bound_body() -> None:
    settings, bounds = current_settings(), taken()
    fields = settings.fields_bytes if bounds.fields is None else bounds.fields
    request.max_content_length = bounds.largest(settings, request.mimetype)
    request.max_form_memory_size = fields
    request.max_form_parts = MOST_PARTS
    if (request.content_length or 0) > request.max_content_length:
        raise RequestEntityTooLarge


def check_form() -> None:
    """Reject a form with more than MOST_PARAMETERS before it is parsed."""
    if request.mimetype != URL_ENCODED:
        return
    if request.get_data(cache=True).count(b"&") > MOST_PARAMETERS:
        raise RequestEntityTooLarge
