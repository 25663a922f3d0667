"""Results as pages of their own: a form redirects to the page of its result.

Reloading such a page, navigating back or opening it in a second tab sends nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from flask import redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ml import FaceError
from webapp.db.models import ResultKind, now
from webapp.errors.base import ServiceError
from webapp.errors.matching import MustWait
from webapp.services import page_results
from webapp.services.matching.decision import MatchDecision
from webapp.web.tokens import challenge_holder

SEE_OTHER, GONE = 303, 410
Decide = Callable[[], MatchDecision]


def keep(kind: ResultKind, content: Mapping[str, Any]) -> UUID:
    """Store a result for this browser and account, and return its id."""
    return page_results.keep(kind, _holder(), content)


def find(kind: ResultKind, result_id: UUID) -> dict[str, Any]:
    """Return the content of a result of this browser and account.

    Raises:
        ResultOver: if it has expired, or belongs to another browser or account.
    """
    return page_results.find(kind, _holder(), result_id)


def lead_to(address: str) -> ResponseReturnValue:
    """Redirect a sent form to the page of its result."""
    return redirect(address, SEE_OTHER)


def over(start_again: str) -> ResponseReturnValue:
    """Return the page of an expired result, with the address to start again."""
    page = render_template("errors/410.html", start_again=start_again, minutes=page_results.MINUTES)
    return page, GONE


def decided(kind: ResultKind, decide: Decide, **fields: str) -> UUID:
    """Store a decision, or the error, with the form's fields; return the result's id."""
    try:
        content = {"decision": decide().as_shown()}
    except (FaceError, ServiceError) as error:
        content = {"refusal": _refusal(error)}
    return keep(kind, {**fields, **content})


def seconds_left(refusal: Mapping[str, Any]) -> int:
    """Return the remaining seconds of a refusal's wait; 0 if there is none."""
    if refusal["until"] is None:
        return 0
    left = datetime.fromisoformat(refusal["until"]) - now()
    return max(0, ceil(left.total_seconds()))


def _refusal(error: FaceError | ServiceError) -> dict[str, Any]:
    until = None
    if isinstance(error, MustWait):
        until = (now() + timedelta(seconds=error.seconds)).isoformat()
    return {"code": error.code, "details": dict(error.details), "until": until}


def _holder() -> str:
    account = current_user.get_id() if current_user.is_authenticated else ""
    return f"{challenge_holder()} {account}"
