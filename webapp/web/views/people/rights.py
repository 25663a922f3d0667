"""A person's rights: export, own link, renewed consent, end of a lockout."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.db.models import ResultKind
from webapp.errors.matching import ResultOver
from webapp.errors.people import UnknownPerson
from webapp.services.matching import claimed_identity
from webapp.services.people import export as exports
from webapp.services.people import retention, self_service
from webapp.services.people.people import find_person
from webapp.settings import current_settings
from webapp.web.access import admin, operator
from webapp.web.current_user import current_actor
from webapp.web.error_pages import answer
from webapp.web.views.matching import results
from webapp.web.views.people.self_service import download

blueprint = Blueprint("person_data", __name__, url_prefix="/people/<uuid:person_id>")


@blueprint.errorhandler(UnknownPerson)
def unknown(_error: UnknownPerson) -> ResponseReturnValue:
    """Answer 404 for a person who does not exist, or no longer."""
    return answer(404, back=url_for("people.index"))


@blueprint.errorhandler(ResultOver)
def over(_error: ResultOver) -> ResponseReturnValue:
    """Lead back to the person from an expired page of a link."""
    return results.over(url_for("people.show", person_id=(request.view_args or {})["person_id"]))


@blueprint.post("/export")
@operator
def export(person_id: UUID) -> Response:
    """Return everything stored about a person, as a zip."""
    return download(exports.export_person(person_id, current_actor()))


@blueprint.post("/link")
@operator
def link(person_id: UUID) -> ResponseReturnValue:
    """Create a link that replaces older ones, and redirect to the page that shows it."""
    token = self_service.make_link(person_id, current_actor())
    address = url_for("own.show", token=token, _external=True)
    result_id = results.keep(ResultKind.OWN_LINK, {"person": person_id, "address": address})
    page = url_for("person_data.shown_link", person_id=person_id, result_id=result_id)
    return results.lead_to(page)


@blueprint.get("/link/<uuid:result_id>")
@operator
def shown_link(person_id: UUID, result_id: UUID) -> str:
    """Context: person, address, days."""
    kept = results.find(ResultKind.OWN_LINK, result_id)
    if kept["person"] != str(person_id):
        raise ResultOver
    return render_template(
        "people/link.html",
        person=find_person(person_id),
        address=kept["address"],
        days=current_settings().own_link_days,
    )


@blueprint.post("/link/end")
@operator
def end_link(person_id: UUID) -> ResponseReturnValue:
    """Revoke the link to the person's own page."""
    self_service.end_link(find_person(person_id).id, current_actor())
    flash(_("The link no longer opens anything."), "success")
    return redirect(url_for("people.show", person_id=person_id))


@blueprint.post("/consent")
@operator
def consent(person_id: UUID) -> ResponseReturnValue:
    """Record that the person renewed their consent."""
    retention.renew_consent(person_id, current_actor())
    flash(_("The new consent is recorded."), "success")
    return redirect(url_for("people.show", person_id=person_id))


@blueprint.post("/allow")
@admin
def allow(person_id: UUID) -> ResponseReturnValue:
    """End the lockout of a person's face."""
    claimed_identity.allow_again(person_id, current_actor())
    flash(_("This person can be verified by face again."), "success")
    return redirect(url_for("people.show", person_id=person_id))
