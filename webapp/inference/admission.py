"""Face slots for the actor of a request.

A caller may hold one place in the queue for several slots, so that other callers can run in
between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar

from webapp.core.actor import Actor
from webapp.core.network import client_network
from webapp.inference.face_slots import SERVER, Caller, face_slots

_place: ContextVar[ExitStack | None] = ContextVar("place", default=None)


def face_slot(actor: Actor) -> AbstractContextManager[None]:
    """Hold a slot for analysing faces, in the place held already or in a new one.

    Raises:
        Busy: if the queue is full, or no slot became free in time.
    """
    return face_slots().slot(_caller(actor), has_place=_place.get() is not None)


@contextmanager
def place(actor: Actor) -> Iterator[None]:
    """Hold one place in the queue for several slots.

    Raises:
        Busy: if all places, or the caller's share of them, are taken.
    """
    if _place.get() is not None:
        yield
        return
    take_place(actor)
    try:
        yield
    finally:
        leave_place()


def take_place(actor: Actor, *, guided: bool = False) -> None:
    """Take a place in the queue, held until `leave_place`.

    Args:
        actor: the API key, or client network, whose share of the places counts.
        guided: whether the page sends a refused frame again, so that other requests go first.

    Raises:
        Busy: if all places, or the caller's share of them, are taken.
    """
    held = ExitStack()
    held.enter_context(face_slots().place(_caller(actor, guided=guided)))
    _place.set(held)


def leave_place() -> None:
    """Release the place, if one is held."""
    held = _place.get()
    _place.set(None)
    if held:
        held.close()


def _caller(actor: Actor, *, guided: bool = False) -> Caller:
    if actor.key:
        return Caller(f"key {actor.key}", trusted=True)
    if actor.address is None:
        return SERVER
    return Caller(client_network(actor.address), guided=guided)
