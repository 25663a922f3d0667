"""The language of the pages, where it is not to be the browser's."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue

from webapp.web.access import public
from webapp.web.display.languages import COOKIE, LANGUAGES
from webapp.web.forms.fields import EmptyForm
from webapp.web.redirects import place_within

blueprint = Blueprint("language", __name__)
KEPT = timedelta(days=365)


@blueprint.post("/language")
@public
def choose() -> ResponseReturnValue:
    """Show pages in a language from now on; fields: language, next (the page to return to)."""
    language = request.form.get("language")
    if language not in LANGUAGES or not EmptyForm().validate_on_submit():
        abort(400)
    answer = current_app.make_response(redirect(place_within(request.form.get("next", "")), 303))
    answer.set_cookie(
        COOKIE,
        language,
        max_age=KEPT,
        path=request.script_root or "/",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return answer
