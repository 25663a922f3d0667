"""Client address and API key of the current request; both are None for background work."""

from __future__ import annotations

from contextvars import ContextVar
from uuid import UUID

_address: ContextVar[str | None] = ContextVar("address", default=None)
_key: ContextVar[UUID | None] = ContextVar("key", default=None)


def address() -> str | None:
    """Return the client address of the current request."""
    return _address.get()


def key() -> UUID | None:
    """Return the id of the API key of the current request, None for browsers."""
    return _key.get()


def note_key(key_id: UUID) -> None:
    """Record the API key of the current request."""
    _key.set(key_id)


def note(address: str | None) -> None:
    """Record the client address of a new request, and clear the key of the one before."""
    _address.set(address)
    _key.set(None)


def forget() -> None:
    """Clear address and key at the end of a request."""
    note(None)
