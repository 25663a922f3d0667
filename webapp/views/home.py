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
    """Context: needs_setup (bool), people_count (int for who may enrol, else None)."""
    enrols = current_user.is_authenticated and current_user.is_operator
    return render_template(
        "home/index.html",
        needs_setup=not any_account(),
        people_count=count_people() if enrols else None,
    )
