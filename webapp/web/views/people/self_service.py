"""A person's own page, opened by a link: view, export, withdraw consent."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.db.engine import db
from webapp.db.models import Person
from webapp.errors.backup import KeyRingBehind
from webapp.errors.people import UnknownAnchor, UnknownPerson
from webapp.messages import describe
from webapp.services.people import anchors, people, retention, self_service
from webapp.services.people import export as exports
from webapp.web.access import public
from webapp.web.current_user import current_client
from webapp.web.forms.fields import EmptyForm

blueprint = Blueprint("own", __name__, url_prefix="/own/<token>")


@blueprint.errorhandler(UnknownPerson)
@blueprint.errorhandler(UnknownAnchor)
def unknown(_error: UnknownPerson | UnknownAnchor) -> ResponseReturnValue:
    """Give the same answer for every link that opens nothing, expired or forged."""
    db.session.rollback()
    return render_template("own/ended.html"), 404


@blueprint.get("")
@public
def show(token: str) -> str:
    """Context: person, token, ends_at, empty_form."""
    person = _person(token)
    return render_template(
        "own/show.html",
        person=person,
        token=token,
        ends_at=retention.ends_at(person),
        empty_form=EmptyForm(),
    )


@blueprint.get("/pictures/<uuid:anchor_id>")
@public
def picture(token: str, anchor_id: UUID) -> Response:
    """Return one of the person's pictures as JPEG."""
    content = anchors.open_picture(_person(token).id, anchor_id, current_client())
    return Response(content, mimetype="image/jpeg")


@blueprint.get("/export")
@public
def export(token: str) -> Response:
    """Return everything stored about the person, as a zip."""
    return download(exports.export_person(_person(token).id, current_client()))


@blueprint.post("/withdraw")
@public
def withdraw(token: str) -> ResponseReturnValue:
    """Withdraw consent: delete everything about the person."""
    try:
        people.delete_person(_person(token).id, current_client())
    except KeyRingBehind as error:
        flash(describe(error.code), "error")
    else:
        flash(_("Your consent is withdrawn. Everything stored of you was deleted."), "success")
    return redirect(url_for("home.index"))


def download(export: exports.Export) -> Response:
    """Return an export as a file download."""
    return Response(
        export.data,
        mimetype="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{export.name}"'},
    )


def _person(token: str) -> Person:
    return self_service.person_of_link(token)
