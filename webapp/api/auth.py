"""API keys: the only credentials of the API, which accepts neither sessions nor cookies."""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from datetime import timedelta
from typing import cast

from flask import Flask, Response, g, request
from limits import parse_many
from sqlalchemy.exc import SQLAlchemyError

from webapp.api import problems
from webapp.core.actor import Actor
from webapp.db.models import ApiKey, Scope
from webapp.errors.api import KeyMissing, LimitReached, ScopeMissing
from webapp.errors.base import ServiceError
from webapp.extensions import limiter
from webapp.services import audit
from webapp.services.accounts import api_keys
from webapp.web.current_user import current_actor

SCHEME = "bearer"


def open_by_key(scopes: Collection[Scope]) -> None:
    """Authenticate the current request by the key in its header `Authorization`.

    Raises:
        KeyMissing, KeyUnknown, KeyExpired, KeyRevoked: if it has no valid key.
        LimitReached: if the key has used up its rate limit.
        ScopeMissing: if the key lacks one of the scopes.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != SCHEME:
        raise KeyMissing
    key = api_keys.find_by_secret(secret.strip())
    _count(key)
    try:
        api_keys.check_in_use(key)
        if not all(key.may(scope) for scope in scopes):
            raise ScopeMissing
    except ServiceError as error:
        refused = Actor(key=key.id, address=request.remote_addr)
        audit.record_read("api_refused", refused, route=request.endpoint, code=error.code)
        raise
    g.api_key = key


def current_key() -> ApiKey:
    """Return the key of the current request."""
    return cast(ApiKey, g.api_key)


def keep_uses(app: Flask) -> None:
    """Audit every use of a key; respond 503 if the entry cannot be written."""

    def note(response: Response) -> Response:
        if "api_key" not in g:
            return response
        actor = current_actor()
        g.pop("api_key")
        try:
            api_keys.note_use(actor, str(request.endpoint), response.status_code)
        except SQLAlchemyError:
            return problems.of_status(503)
        return response

    app.after_request(note)


def _count(key: ApiKey) -> None:
    for item in parse_many(key.limit):
        if not limiter.limiter.hit(item, "api key", key.id.hex):
            ends_at = limiter.limiter.get_window_stats(item, "api key", key.id.hex).reset_time
            raise LimitReached(timedelta(seconds=max(1, math.ceil(ends_at - time.time()))))
