"""Turns at analysing faces, for whoever the request at hand comes from.

A caller holds one place in the queue for several turns, so that others have theirs in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar

from webapp.core import request_origin
from webapp.core.network import client_network
from webapp.inference.face_slots import SERVER, Caller, face_slots

_place: ContextVar[ExitStack | None] = ContextVar("place", default=None)
_guided: ContextVar[bool] = ContextVar("guided", default=False)


def turn() -> AbstractContextManager[None]:
    """Take a turn at analysing faces, at the place that is held already or at one of its own.

    Raises:
        Busy: if too many wait already, or no turn came in time.
    """
    return face_slots().turn(_caller(), placed=_place.get() is not None)


@contextmanager
def place() -> Iterator[None]:
    """Hold one place for several turns.

    Raises:
        Busy: if all places are taken, or the caller's share of them.
    """
    if _place.get() is not None:
        yield
        return
    take_place()
    try:
        yield
    finally:
        leave_place()


def take_place(*, guided: bool = False) -> None:
    """Hold a place until `leave_place`.

    Args:
        guided: whether a refused frame is sent again, so that others go first.

    Raises:
        Busy: if all places are taken, or the caller's share of them.
    """
    _guided.set(guided)
    held = ExitStack()
    held.enter_context(face_slots().place(_caller()))
    _place.set(held)


def leave_place() -> None:
    """Give up the place that is held, if one is."""
    _guided.set(False)
    held = _place.get()
    _place.set(None)
    if held:
        held.close()


def _caller() -> Caller:
    address, key = request_origin.address(), request_origin.key()
    if key:
        return Caller(f"key {key}", trusted=True)
    if address is None:
        return SERVER
    return Caller(client_network(address), guided=_guided.get())
