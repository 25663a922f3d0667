"""What is done for a person's rights: export, own link, new consent, another try."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.access import admin, operator
from webapp.error_pages import answer
from webapp.errors import UnknownPerson
from webapp.recognition import recognition
from webapp.services import claims, exports, own_pages, retention
from webapp.services.people import find_person
from webapp.signing import sign_link
from webapp.views.own import download

blueprint = Blueprint("person_data", __name__, url_prefix="/people/<uuid:person_id>")


@blueprint.errorhandler(UnknownPerson)
def unknown(_error: UnknownPerson) -> ResponseReturnValue:
    """Who is not there, or no longer, has no page."""
    return answer(404)


@blueprint.post("/export")
@operator
def export(person_id: UUID) -> Response:
    """Everything stored of a person, as a zip."""
    return download(exports.export_person(person_id, current_user.id))


@blueprint.post("/link")
@operator
def link(person_id: UUID) -> str:
    """Context: person, address, days."""
    number = own_pages.new_link_number(person_id, current_user.id)
    token = sign_link(person_id, number)
    return render_template(
        "people/link.html",
        person=find_person(person_id),
        address=url_for("own.show", token=token, _external=True),
        days=recognition().settings.own_link_days,
    )


@blueprint.post("/consent")
@operator
def consent(person_id: UUID) -> ResponseReturnValue:
    """Note that the person agreed anew."""
    retention.renew_consent(person_id, current_user.id)
    flash(_("The new consent is recorded."), "success")
    return redirect(url_for("people.show", person_id=person_id))


@blueprint.post("/allow")
@admin
def allow(person_id: UUID) -> ResponseReturnValue:
    """Let a person be verified by face again, after failures in a row."""
    claims.allow_again(person_id, current_user.id)
    flash(_("This person can be verified by face again."), "success")
    return redirect(url_for("people.show", person_id=person_id))
