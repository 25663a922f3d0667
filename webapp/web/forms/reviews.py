"""Reviews of a change are pages of their own: reloading one sends nothing again."""

from __future__ import annotations

from typing import Any, TypeVar

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.web.forms.fields import ReasonedForm

Reasoned = TypeVar("Reasoned", bound=ReasonedForm)
SEE_OTHER = 303
# Parameter of a review's address: the confirming word was missing or wrong.
UNCONFIRMED = "unconfirmed"
# Fields that a review's form adds itself.
OF_THE_REVIEW = ("csrf_token", "review", "confirmation")


def lead_to_review(
    endpoint: str, form: ReasonedForm, *, unconfirmed: bool = False, **place: Any
) -> ResponseReturnValue:
    """Redirect a form to the page of its review, whose address contains the change."""
    change: dict[str, Any] = {
        name: value
        for name, value in form.data.items()
        if name not in OF_THE_REVIEW and value is not None and value is not False
    }
    if unconfirmed:
        change[UNCONFIRMED] = 1
    return redirect(url_for(endpoint, **change, **place), SEE_OTHER)


def reviewed_form(kind: type[Reasoned]) -> Reasoned | None:
    """Return the form of the change in a review's address; None without a valid change."""
    submitted = kind(formdata=request.args, meta={"csrf": False})
    if not submitted.validate():
        return None
    form = kind(formdata=None, data=submitted.data)
    if UNCONFIRMED in request.args:
        form.ask_to_confirm()
    return form
