"""Load shedding: requests are refused early while the analysis queue is full.

To read a request, to check its key and to record its use costs as much as the answer is worth to a
client that is only told to come again. Forms are let in: they keep what was typed, and ask for a
turn themselves. A place in the queue is taken once the body is there: a slow sender holds none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

from flask import Flask, current_app, g, request

from webapp import origin
from webapp.core.network import client_network
from webapp.errors import Busy
from webapp.recognition import recognition
from webapp.turns import SERVER, Caller

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "looks_at_faces"
LIVE, GUIDANCE = "live", "guidance"


def looks_at_faces(view: View) -> View:
    """State that a view analyses faces, for a client that can come again as easily as wait."""
    setattr(view, ATTRIBUTE, LIVE)
    return view


def guides(view: View) -> View:
    """State the same of a view whose frames the page sends again: others go before it."""
    setattr(view, ATTRIBUTE, GUIDANCE)
    return view


def turn() -> AbstractContextManager[None]:
    """A turn at analysing faces, at the place that the request at hand holds or at one of its own.

    Raises:
        Busy: if too many wait already, or none came in time.
    """
    return recognition().turns.turn(_caller(), placed="place" in g)


@contextmanager
def place() -> Iterator[None]:
    """Hold one place for several turns, so that others have theirs in between.

    Raises:
        Busy: if all places are taken, or the caller's share of them.
    """
    if "place" in g:
        yield
        return
    with ExitStack() as held:
        held.enter_context(recognition().turns.place(_caller()))
        g.place = held
        try:
            yield
        finally:
            g.pop("place")


def refuse_early(app: Flask) -> None:
    """Refuse requests for analysis while no place is left, before anything is done for them."""
    app.before_request(_refuse)


def admit_requests(app: Flask) -> None:
    """Give each request for analysis its place, once its body is read."""
    app.before_request(_admit)
    app.teardown_request(_leave)


def _refuse() -> None:
    if _analyses() and not recognition().turns.places_left:
        raise Busy


def _admit() -> None:
    if not _analyses():
        return
    _read_body()
    g.place = ExitStack()
    g.place.enter_context(recognition().turns.place(_caller()))


def _read_body() -> None:
    if request.mimetype.startswith("multipart/"):
        _ = request.form
    else:
        request.get_data(cache=True)


def _leave(_error: BaseException | None) -> None:
    if "place" in g:
        g.pop("place").close()


def _analyses() -> str | None:
    if request.method == "OPTIONS":
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, ATTRIBUTE, None)


def _caller() -> Caller:
    address, key = origin.address(), origin.key()
    if key:
        return Caller(f"key {key}", trusted=True)
    if address is None:
        return SERVER
    return Caller(client_network(address), guided=_analyses() == GUIDANCE)
