"""The start page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from webapp.access import public
from webapp.services.accounts import any_account
from webapp.services.people import count_people

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@public
def index() -> str:
    """Context: needs_setup (bool), people_count (int for signed-in people, else None)."""
    return render_template(
        "home/index.html",
        needs_setup=not any_account(),
        people_count=count_people() if current_user.is_authenticated else None,
    )
