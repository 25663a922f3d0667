"""People: list, enrol, show, change, delete."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.core.actor import Actor
from webapp.db.models import Purpose
from webapp.errors.backup import KeyRingBehind
from webapp.errors.liveness import ChallengeNeeded, ChallengeUnknown
from webapp.errors.models import ModelChangedMeanwhile, PictureNotComparable
from webapp.errors.people import (
    AnotherFace,
    DuplicateIdentifier,
    LastAnchor,
    TooManyAnchors,
    UnknownAnchor,
    UnknownPerson,
)
from webapp.messages import describe
from webapp.services.attempts import attempt_log
from webapp.services.enrolment import store
from webapp.services.enrolment.evidence import LivenessEvidence
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import setting
from webapp.services.matching import claimed_identity
from webapp.services.people import anchors, people, retention, self_service
from webapp.services.thresholds import per_person
from webapp.web.access import operator
from webapp.web.current_user import current_actor
from webapp.web.display.names import isolated
from webapp.web.error_pages import answer
from webapp.web.forms.fields import AnchorsForm, EmptyForm, EnrolForm, MoreAnchorsForm
from webapp.web.limits.request_bounds import takes
from webapp.web.redirects import nearest_page
from webapp.web.tokens import challenge_holder, read_challenge
from webapp.web.views.people.photos import (
    NOTHING,
    WAITS,
    Picture,
    ReviewedPictures,
    compared,
    complain,
    in_words,
    is_accepted,
    later,
    photos_to_replace,
    reviewed,
    seconds_to_wait,
    sent_pictures,
    unreviewed,
)
from webapp.web.wording import thresholds

blueprint = Blueprint("people", __name__, url_prefix="/people")
# Why liveness evidence was rejected.
NOT_SHOWN = (AnotherFace, ChallengeNeeded, ChallengeUnknown)


@blueprint.errorhandler(UnknownPerson)
@blueprint.errorhandler(UnknownAnchor)
def unknown(error: UnknownPerson | UnknownAnchor) -> ResponseReturnValue:
    """Answer 404 for an unknown person or photo; lead back from a photo to its person."""
    is_photo = isinstance(error, UnknownAnchor)
    return answer(404, back=nearest_page() if is_photo else url_for("people.index"))


@blueprint.get("")
@operator
def index() -> str:
    """Context: page (Page of PersonRow), q (the query), sort (the order)."""
    query = request.args.get("q", "").strip()
    sort = request.args.get("sort", people.DEFAULT_SORT)
    if sort not in people.SORTS:
        sort = people.DEFAULT_SORT
    page = people.list_people(query, request.args.get("page", 1, type=int), sort)
    return render_template("people/index.html", page=page, q=query, sort=sort)


@blueprint.route("/new", methods=["GET", "POST"])
@operator
@takes(fields=None)
def enrol() -> ResponseReturnValue:
    """Context: form (identifier, name, consent, images), pictures (ReviewedPictures), guarded.

    If the enrolment fails, the page returns the pictures that can be used.
    """
    form = EnrolForm()
    if not form.is_submitted():
        return _enrol_page(form, NOTHING)
    sent = sent_pictures(form)
    try:
        return _enrolled(form, sent)
    except WAITS as error:
        complain(form, error)
        return later(error, _enrol_page(form, unreviewed(sent), seconds_to_wait(error)))


def _enrolled(form: EnrolForm, sent: list[Picture]) -> ResponseReturnValue:
    """Enrol a person; on failure, return the page with the pictures that can be used."""
    review = review_pictures([picture.data for picture in sent], current_actor())
    if form.validate() and is_accepted(review, sent, form):
        new = NewPerson(form.identifier.data, form.name.data, form.consent.data)
        try:
            person_id = store.enrol(
                new,
                review.faces.values(),
                current_actor(),
                _liveness_evidence(form),
                review.every_doubt,
            )
        except DuplicateIdentifier as error:
            form.identifier.errors = [describe(error.code)]
        except (ModelChangedMeanwhile, *NOT_SHOWN) as error:
            complain(form, error)
        else:
            flash(_("%(name)s is enrolled.", name=isolated(new.name)), "success")
            return redirect(url_for("people.show", person_id=person_id))
    pictures = reviewed(review, sent)
    form.doubts_seen.data = pictures.doubts_seen
    return _enrol_page(form, pictures)


@blueprint.get("/taken")
@operator
def taken() -> ResponseReturnValue:
    """Return why an identifier cannot be given to a new person; empty if it can. JSON."""
    is_taken = people.is_taken(request.args.get("identifier", ""))
    return jsonify(message=describe(DuplicateIdentifier.code) if is_taken else "")


@blueprint.get("/<uuid:person_id>")
@operator
def show(person_id: UUID) -> ResponseReturnValue:
    """Context: person, anchors (AnchorReport), likeness, attempts, own_threshold and its words.

    Also add_form (images, in_place_of), action_form, pictures (ReviewedPictures), in_words (of a
    warning). `?retake=…` prepares to replace an anchor by new pictures.
    """
    return _person_page(
        person_id, MoreAnchorsForm(in_place_of=request.args.get("retake", "")), NOTHING
    )


@blueprint.post("/<uuid:person_id>/anchors")
@operator
@takes(fields=None)
def add_anchors(person_id: UUID) -> ResponseReturnValue:
    """Add pictures; on failure, return the page of `show` with those that can be used."""
    form = MoreAnchorsForm()
    form.in_place_of.choices = photos_to_replace(compared(people.find_person(person_id))[0])
    sent = sent_pictures(form)
    try:
        return _added(person_id, form, sent)
    except WAITS as error:
        complain(form, error)
        return later(error, _person_page(person_id, form, unreviewed(sent), seconds_to_wait(error)))


def _added(person_id: UUID, form: MoreAnchorsForm, sent: list[Picture]) -> ResponseReturnValue:
    """Add pictures to a person; on failure, return the page with those that can be used."""
    review = review_pictures([picture.data for picture in sent], current_actor(), person_id)
    if form.validate() and is_accepted(review, sent, form):
        replaced = UUID(form.in_place_of.data) if form.in_place_of.data else None
        try:
            store.add_anchors(
                person_id,
                review.faces.values(),
                current_actor(),
                _liveness_evidence(form),
                replaced,
                review.every_doubt,
            )
        except (TooManyAnchors, ModelChangedMeanwhile, *NOT_SHOWN) as error:
            complain(form, error)
        else:
            flash(_("The photos were added."), "success")
            return redirect(url_for("people.show", person_id=person_id))
    pictures = reviewed(review, sent)
    form.doubts_seen.data = pictures.doubts_seen
    return _person_page(person_id, form, pictures)


@blueprint.post("/<uuid:person_id>/anchors/<uuid:anchor_id>/retire")
@operator
def retire_anchor(person_id: UUID, anchor_id: UUID) -> ResponseReturnValue:
    """Disable a picture: it is kept, but no longer compared."""
    done = _("The photo is disabled: it is kept, but no longer compared.")
    return _changed(anchors.retire_anchor, person_id, anchor_id, done)


@blueprint.post("/<uuid:person_id>/anchors/<uuid:anchor_id>/restore")
@operator
def restore_anchor(person_id: UUID, anchor_id: UUID) -> ResponseReturnValue:
    """Enable a disabled picture."""
    done = _("The photo is enabled: it is compared again.")
    return _changed(anchors.restore_anchor, person_id, anchor_id, done)


@blueprint.post("/<uuid:person_id>/anchors/<uuid:anchor_id>/delete")
@operator
def delete_anchor(person_id: UUID, anchor_id: UUID) -> ResponseReturnValue:
    """Delete one picture."""
    return _changed(anchors.delete_anchor, person_id, anchor_id, _("The photo was deleted."))


@blueprint.post("/<uuid:person_id>/delete")
@operator
def delete(person_id: UUID) -> ResponseReturnValue:
    """Delete a person and everything that belongs to them."""
    try:
        people.delete_person(person_id, current_actor())
    except KeyRingBehind as error:
        flash(describe(error.code), "error")
    else:
        flash(_("The person and everything stored of them were deleted."), "success")
    return redirect(url_for("people.index"))


@blueprint.get("/<uuid:person_id>/anchors/<uuid:anchor_id>/picture")
@operator
def picture(person_id: UUID, anchor_id: UUID) -> Response:
    """Return the picture of an anchor as JPEG."""
    return Response(
        anchors.open_picture(person_id, anchor_id, current_actor()), mimetype="image/jpeg"
    )


def _changed(
    change: Callable[[UUID, UUID, Actor], None], person_id: UUID, anchor_id: UUID, done: str
) -> ResponseReturnValue:
    """Change one picture, and report success or the error on the person's page."""
    try:
        change(person_id, anchor_id, current_actor())
    except (LastAnchor, PictureNotComparable, ModelChangedMeanwhile) as error:
        flash(describe(error.code), "error")
    else:
        flash(done, "success")
    return redirect(url_for("people.show", person_id=person_id))


def _person_page(
    person_id: UUID, add_form: MoreAnchorsForm, pictures: ReviewedPictures, wait: int = 0
) -> str:
    person = people.find_person(person_id)
    (anchors, likeness), own_threshold = compared(person), per_person.of_person(person_id)
    add_form.in_place_of.choices = photos_to_replace(anchors)
    return render_template(
        "people/show.html",
        person=person,
        anchors=anchors,
        likeness=likeness,
        failures=claimed_identity.failures_of(person),
        own_link=self_service.link_of(person_id),
        ends_at=retention.ends_at(person),
        ends_soon=retention.ends_soon(person),
        attempts=attempt_log.latest_of(person_id),
        own_threshold=own_threshold,
        own_threshold_words=thresholds.distance(own_threshold),
        add_form=add_form,
        guarded=_guarded(),
        light=setting.in_force().light,
        action_form=EmptyForm(),
        pictures=pictures,
        wait=wait,
        in_words=in_words,
        describe=describe,
    )


def _enrol_page(form: EnrolForm, pictures: ReviewedPictures, wait: int = 0) -> str:
    return render_template(
        "people/enrol.html",
        form=form,
        pictures=pictures,
        wait=wait,
        guarded=_guarded(),
        light=setting.in_force().light,
    )


def _guarded() -> bool:
    """Return whether enrolment requires a challenge."""
    return setting.in_force().requires_challenge(Purpose.ENROL)


def _liveness_evidence(form: AnchorsForm) -> LivenessEvidence:
    token = form.challenge.data
    challenge_id = read_challenge(token) if token else None
    return LivenessEvidence(challenge_holder(), challenge_id, form.waiver.data)
