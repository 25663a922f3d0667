"""From where somebody asks: address and key of the request at hand, None for the server itself."""

from __future__ import annotations

from contextvars import ContextVar
from uuid import UUID

from flask import Flask, request

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


def follow_requests(app: Flask) -> None:
    """Know the address for as long as each request lasts."""
    app.before_request(_note)
    app.teardown_request(_forget)


def _note() -> None:
    _address.set(request.remote_addr)
    _key.set(None)


def _forget(_error: BaseException | None) -> None:
    _address.set(None)
    _key.set(None)
