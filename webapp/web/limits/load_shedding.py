"""Load shedding: reject requests early while the analysis queue is full.

Parsing, authenticating and auditing a request that will only get 429 is wasted work. Forms are
admitted, because they keep what was typed; their services queue for a slot. A request takes its
place in the queue after its body is read, so a slow sender holds none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from webapp.errors.matching import Busy
from webapp.inference.admission import leave_place, take_place
from webapp.inference.face_slots import face_slots
from webapp.web.current_user import current_client

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "looks_at_faces"
LIVE, GUIDANCE = "live", "guidance"


def limits_concurrency(view: View) -> View:
    """State that a view analyses faces, and that its client can retry as easily as wait."""
    setattr(view, ATTRIBUTE, LIVE)
    return view


def guides(view: View) -> View:
    """State the same of a view whose page sends further frames: other requests take precedence."""
    setattr(view, ATTRIBUTE, GUIDANCE)
    return view


def refuse_early(app: Flask) -> None:
    """Reject requests for analysis while the queue is full, before any other work."""
    app.before_request(_refuse)


def admit_requests(app: Flask) -> None:
    """Give each request for analysis its place in the queue, after its body is read."""
    app.before_request(_admit)
    app.teardown_request(_leave)


def _refuse() -> None:
    if _analyses() and not face_slots().free_places:
        raise Busy


def _admit() -> None:
    if not _analyses():
        return
    _read_body()
    take_place(current_client(), guided=_analyses() == GUIDANCE)


def _read_body() -> None:
    if request.mimetype.startswith("multipart/"):
        _ = request.form
    else:
        request.get_data(cache=True)


def _leave(_error: BaseException | None) -> None:
    leave_place()


def _analyses() -> str | None:
    if request.method == "OPTIONS":
        return None
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, ATTRIBUTE, None)
