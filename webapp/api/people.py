"""Endpoints for people and their pictures."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Response, url_for

from webapp.api.blueprint import Blueprint
from webapp.api.cursors import Part, part_of, position
from webapp.api.schemas.people import (
    AnchorSchema,
    AnchorsSchema,
    NewPersonSchema,
    PeopleQuerySchema,
    PeopleSchema,
    PersonChangeSchema,
    PersonSchema,
    PicturesSchema,
)
from webapp.db.models import Scope
from webapp.db.pagination import Position
from webapp.errors.backup import KeyRingBehind
from webapp.services.enrolment import from_api
from webapp.services.enrolment.store import NewPerson
from webapp.services.people import anchors as stored_anchors
from webapp.services.people import people
from webapp.services.people.anchor_reports import AnchorReport, find_reports, report_on
from webapp.services.people.people import PersonRow
from webapp.web.current_user import current_actor
from webapp.web.limits.load_shedding import limits_concurrency
from webapp.web.limits.request_bounds import takes

blueprint = Blueprint("people", "People")
LIST = "people"


@blueprint.call("/people", "GET", Scope.READ)
@blueprint.arguments(PeopleQuerySchema, location="query")
@blueprint.response(200, PeopleSchema)
def index(query: dict[str, Any]) -> Part[PersonRow]:
    """List people in order of enrolment."""
    most = query["limit"]
    found = people.people_after(
        position(LIST, query["cursor"]), most + 1, query["q"], query["identifier"]
    )
    return part_of(LIST, found, most, lambda person: Position(person.created_at, person.id))


@blueprint.call("/people", "POST", Scope.ENROL)
@blueprint.idempotent(201, PersonSchema, lambda person, _path: person.id)
@blueprint.takes(NewPersonSchema)
@limits_concurrency
@takes()
def create(new: dict[str, Any]) -> tuple[PersonRow, int, dict[str, str]]:
    """Enrol a person with their pictures: all of them or none."""
    person = from_api.enrol(
        NewPerson(new["identifier"], new["name"], new["consent"]),
        new["pictures"],
        current_actor(),
        accept_doubts=new["accept_doubts"],
    )
    return person, 201, {"Location": url_for("api_people.show", person_id=person.id)}


@blueprint.call("/people/<uuid:person_id>", "GET", Scope.READ)
@blueprint.response(200, PersonSchema)
def show(person_id: UUID) -> PersonRow:
    """Return a person."""
    return people.find_row(person_id)


@blueprint.call("/people/<uuid:person_id>", "PATCH", Scope.ENROL)
@blueprint.arguments(PersonChangeSchema)
@blueprint.response(204)
def change(changes: dict[str, Any], person_id: UUID) -> Response:
    """Change a person's identifier, name or both.

    The answer is empty; request the person to read them.
    """
    people.rename(person_id, changes["identifier"], changes["name"], current_actor())
    return Response(status=204)


@blueprint.call("/people/<uuid:person_id>", "DELETE", Scope.ENROL)
@blueprint.response(204)
def delete(person_id: UUID) -> Response:
    """Delete a person: pictures, embeddings, and the only key that decrypts them."""
    with suppress(KeyRingBehind):  # the person is deleted; the server retries writing the key ring
        people.delete_person(person_id, current_actor())
    return Response(status=204)


@blueprint.call("/people/<uuid:person_id>/anchors", "GET", Scope.READ)
@blueprint.response(200, AnchorsSchema)
def anchors(person_id: UUID) -> dict[str, object]:
    """List a person's pictures."""
    return {"person_id": person_id, "items": report_on(people.find_person(person_id))}


@blueprint.call("/people/<uuid:person_id>/anchors", "POST", Scope.ENROL)
@blueprint.idempotent(201, AnchorsSchema, lambda _added, path: path["person_id"])
@blueprint.takes(PicturesSchema)
@limits_concurrency
@takes()
def add_anchors(new: dict[str, Any], person_id: UUID) -> dict[str, object]:
    """Add pictures to a person, all or none, and return the new ones."""
    added = from_api.add_anchors(
        person_id, new["pictures"], current_actor(), accept_doubts=new["accept_doubts"]
    )
    return {"person_id": person_id, "items": added}


@blueprint.call("/people/<uuid:person_id>/anchors/<uuid:anchor_id>", "GET", Scope.READ)
@blueprint.response(200, AnchorSchema)
def anchor(person_id: UUID, anchor_id: UUID) -> AnchorReport:
    """Return the quality and the warnings of a picture."""
    return find_reports(person_id, [anchor_id])[0]


@blueprint.call("/people/<uuid:person_id>/anchors/<uuid:anchor_id>/picture", "GET", Scope.READ)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
def picture(person_id: UUID, anchor_id: UUID) -> Response:
    """Return the JPEG of a picture; each access is recorded in the audit log."""
    content = stored_anchors.open_picture(person_id, anchor_id, current_actor())
    return Response(content, mimetype="image/jpeg")


@blueprint.call("/people/<uuid:person_id>/anchors/<uuid:anchor_id>", "DELETE", Scope.ENROL)
@blueprint.response(204)
def delete_anchor(person_id: UUID, anchor_id: UUID) -> Response:
    """Delete a picture of a person who has other enabled ones."""
    stored_anchors.delete_anchor(person_id, anchor_id, current_actor())
    return Response(status=204)
