"""The start page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from webapp.services.accounts.accounts import any_account
from webapp.services.people.people import anybody_enrolled
from webapp.web.access import public

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@public
def index() -> str:
    """Context: needs_setup (bool), nobody_enrolled (bool, for accounts that may enrol)."""
    enrols = current_user.is_authenticated and current_user.is_operator
    return render_template(
        "home/index.html",
        needs_setup=not any_account(),
        nobody_enrolled=enrols and not anybody_enrolled(),
    )
