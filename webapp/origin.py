"""From where somebody asks: the address of the request at hand, None for commands on the server."""

from __future__ import annotations

from contextvars import ContextVar

from flask import Flask, request

_address: ContextVar[str | None] = ContextVar("address", default=None)


def address() -> str | None:
    """The address of whoever asks."""
    return _address.get()


def follow_requests(app: Flask) -> None:
    """Know the address for as long as each request lasts."""
    app.before_request(_note)
    app.teardown_request(_forget)


def _note() -> None:
    _address.set(request.remote_addr)


def _forget(_error: BaseException | None) -> None:
    _address.set(None)
