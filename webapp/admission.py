"""Whoever comes when too many faces wait already is told so first of all.

To read a request, to check its key and to keep its use costs as much as the answer is worth to
somebody who is only told to come again; under a flood it would leave nothing for the others.
Forms are let in: they keep what was typed, and ask for a turn themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

from flask import Flask, current_app, g, request

from webapp.recognition import recognition

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "looks_at_faces"


def looks_at_faces(view: View) -> View:
    """State that a view looks at faces, for somebody who can come again as easily as wait."""
    setattr(view, ATTRIBUTE, True)
    return view


def turn() -> AbstractContextManager[None]:
    """A turn at looking at faces, at the place that the request at hand holds or at one of its own.

    Raises:
        Busy: if too many wait already, or none came in time.
    """
    return recognition().turns.turn(placed="place" in g)


def admit_requests(app: Flask) -> None:
    """Give each such request its place before anything else is done for it."""
    app.before_request(_admit)
    app.teardown_request(_leave)


def _admit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if hasattr(view, ATTRIBUTE) and request.method != "OPTIONS":
        g.place = ExitStack()
        g.place.enter_context(recognition().turns.place())


def _leave(_error: BaseException | None) -> None:
    if "place" in g:
        g.pop("place").close()
