"""Errors of API keys and API requests."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.errors.base import ServiceError
from webapp.errors.matching import MustWait


class KeyMissing(ServiceError):
    """The request has no API key."""

    code = "key_missing"


class KeyUnknown(ServiceError):
    """The API key does not exist."""

    code = "key_unknown"


class KeyExpired(ServiceError):
    """The API key has expired."""

    code = "key_expired"


class KeyRevoked(ServiceError):
    """The API key was revoked."""

    code = "key_revoked"


class ScopeMissing(ServiceError):
    """The API key lacks the scope of this operation."""

    code = "scope_missing"


class ScopesMissing(ServiceError):
    """A new API key needs at least one scope."""

    code = "scopes_missing"


class LimitUnreadable(ServiceError):
    """The text is not a rate limit such as "120 per minute"."""

    code = "limit_unreadable"


class LimitReached(MustWait):
    """The API key reached its rate limit; `details` hold the seconds to wait."""

    code = "limit_reached"


class NetworkLimitReached(MustWait):
    """A client network used its share of this minute; `details` hold the seconds to wait."""

    code = "network_limit_reached"


class IdempotencyKeyReused(ServiceError):
    """The idempotency key was used for a different request."""

    code = "request_differs"


class RequestInProgress(ServiceError):
    """A request with this idempotency key is still in progress."""

    code = "answered_elsewhere"


class CursorBroken(ServiceError):
    """The cursor was altered, or belongs to another list."""

    code = "cursor_broken"


class InvalidRequest(ServiceError):
    """The request does not match the schema; `errors` are keyed by field."""

    code = "invalid_request"

    def __init__(self, errors: Mapping[str, object]) -> None:
        super().__init__()
        self.errors = errors


class ContentCompressed(ServiceError):
    """The request body is compressed; `details` hold its content encoding."""

    code = "content_compressed"


class MalformedJson(ServiceError):
    """The request body is not valid JSON."""

    code = "malformed_json"
