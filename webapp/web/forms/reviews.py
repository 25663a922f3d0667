"""Reviews of a change are pages of their own: loading one again sends nothing again."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.web.forms.fields import ReasonedForm

Reasoned = TypeVar("Reasoned", bound=ReasonedForm)
SEE_OTHER = 303
# In a review's address: the word that confirms was missing, or another one.
UNCONFIRMED = "unconfirmed"
# What the form of a review adds itself.
OF_THE_REVIEW = ("csrf_token", "review", "confirmation")


def lead_to_review(
    endpoint: str, form: ReasonedForm, *, unconfirmed: bool = False, **place: Any
) -> ResponseReturnValue:
    """Answer a form by the page of its review, whose address holds what was asked for."""
    asked: dict[str, Any] = {
        name: value
        for name, value in form.data.items()
        if name not in OF_THE_REVIEW and value is not None and value is not False
    }
    if unconfirmed:
        asked[UNCONFIRMED] = 1
    return redirect(url_for(endpoint, **asked, **place), SEE_OTHER)


def reviewed_form(kind: type[Reasoned]) -> Reasoned | None:
    """The form that a review's address holds, to be sent; None where it holds no such change."""
    asked = kind(formdata=request.args, meta={"csrf": False})
    if not asked.validate():
        return None
    form = kind(formdata=None, data=asked.data)
    if UNCONFIRMED in request.args:
        form.ask_to_confirm()
    return form
