"""The language of the pages, where it differs from the browser's."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl

from flask import Blueprint, abort, current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from webapp.web.access import public
from webapp.web.display.languages import COOKIE, LANGUAGES
from webapp.web.forms.fields import EmptyForm
from webapp.web.redirects import place_within
from webapp.web.resumed_forms import take_along

blueprint = Blueprint("language", __name__)
KEPT = timedelta(days=365)


@blueprint.post("/language")
@public
def choose() -> ResponseReturnValue:
    """Set the language of the pages; fields: language, next (the page to return to).

    Scripts add `typed`, the fields of a form on the page, and `files` if photos were chosen.
    """
    language = request.form.get("language")
    if language not in LANGUAGES or not EmptyForm().validate_on_submit():
        abort(400)
    place = place_within(request.form.get("next", ""))
    if typed := parse_qsl(request.form.get("typed", ""), keep_blank_values=True):
        take_along(place, MultiDict(typed), files="files" in request.form)
    answer = current_app.make_response(redirect(place, 303))
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
