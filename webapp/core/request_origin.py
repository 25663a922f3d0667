"""From where somebody asks: address and key of the request at hand, None for the server itself."""

from __future__ import annotations

from contextvars import ContextVar
from uuid import UUID

_address: ContextVar[str | None] = ContextVar("address", default=None)
_key: ContextVar[UUID | None] = ContextVar("key", default=None)


def address() -> str | None:
    """The address of whoever asks."""
    return _address.get()


def key() -> UUID | None:
    """The key to the API by which a program asks, None for people."""
    return _key.get()


def note_key(key_id: UUID) -> None:
    """Know by which key the request at hand came."""
    _key.set(key_id)


def note(address: str | None) -> None:
    """Remember the address of the request at hand; its key is not known yet."""
    _address.set(address)
    _key.set(None)


def forget() -> None:
    """Forget the request: the server itself acts."""
    note(None)
