"""Face slots for the caller of the current request.

A caller may hold one place in the queue for several slots, so that other callers can run in
between.
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


def face_slot() -> AbstractContextManager[None]:
    """Hold a slot for analysing faces, in the place held already or in a new one.

    Raises:
        Busy: if the queue is full, or no slot became free in time.
    """
    return face_slots().slot(_caller(), has_place=_place.get() is not None)


@contextmanager
def place() -> Iterator[None]:
    """Hold one place in the queue for several slots.

    Raises:
        Busy: if all places, or the caller's share of them, are taken.
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
    """Take a place in the queue, held until `leave_place`.

    Args:
        guided: whether the page sends a refused frame again, so that other requests go first.

    Raises:
        Busy: if all places, or the caller's share of them, are taken.
    """
    _guided.set(guided)
    held = ExitStack()
    held.enter_context(face_slots().place(_caller()))
    _place.set(held)


def leave_place() -> None:
    """Release the place, if one is held."""
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
