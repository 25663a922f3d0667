"""The list of attempts."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webapp.access import operator
from webapp.services.attempts import list_attempts

blueprint = Blueprint("attempts", __name__)


@blueprint.get("/attempts")
@operator
def index() -> str:
    """Context: page (Page of AttemptRow)."""
    page = list_attempts(request.args.get("page", 1, type=int))
    return render_template("attempts/index.html", page=page)
