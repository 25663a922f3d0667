"""Errors of API keys and of requests."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.errors.base import ServiceError
from webapp.errors.matching import MustWait


class KeyMissing(ServiceError):
    """The API is opened by a key, and none was sent."""

    code = "key_missing"


class KeyUnknown(ServiceError):
    """There is no such key to the API."""

    code = "key_unknown"


class KeyExpired(ServiceError):
    """The key to the API is past its time."""

    code = "key_expired"


class KeyRevoked(ServiceError):
    """The key to the API was revoked."""

    code = "key_revoked"


class ScopeMissing(ServiceError):
    """The key to the API does not open this."""

    code = "scope_missing"


class ScopesMissing(ServiceError):
    """A key to the API opens something."""

    code = "scopes_missing"


class LimitUnreadable(ServiceError):
    """A limit is a number of requests in a time, as in "120 per minute"."""

    code = "limit_unreadable"


class LimitReached(MustWait):
    """The key to the API made as many requests as it may; `details` say how long to wait."""

    code = "limit_reached"


class NetworkLimitReached(MustWait):
    """A network of clients used what it may in this minute; `details` say how long to wait."""

    code = "network_limit_reached"


class IdempotencyKeyReused(ServiceError):
    """The idempotency key was used before, for another request."""

    code = "request_differs"


class RequestInProgress(ServiceError):
    """The request with this idempotency key is at work right now."""

    code = "answered_elsewhere"


class CursorBroken(ServiceError):
    """A cursor is given back as it was handed out, for the same list."""

    code = "cursor_broken"


class InvalidRequest(ServiceError):
    """A request is not of the form that it should have; `errors` name the places."""

    code = "invalid_request"

    def __init__(self, errors: Mapping[str, object]) -> None:
        super().__init__()
        self.errors = errors


class MalformedJson(ServiceError):
    """The body is no JSON."""

    code = "malformed_json"
