"""Enrolment, people, and a person's own page."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select, update

from tests.support.fake_engine import picture
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import (
    MANY,
    NO_PICTURE,
    frame_files,
    full_queue,
    message_of,
    perform,
    photo_files,
    picture_errors,
    require_challenges,
)
from tests.support.walking.walker import Site
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Anchor, ChallengeScope, Person
from webapp.db.transactions import unit_of_work
from webapp.messages import INSTRUCTIONS, PICTURE_PROBLEMS
from webapp.services.enrolment import store as enrolment
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.setting import Liveness
from webapp.services.matching import claimed_identity


@scene
def enrolling(site: Site) -> None:
    operator = site.operator
    form = {"identifier": "grace", "name": "Grace", "consent": "y"}
    operator.see("/people/new")
    operator.send("/people/new", 200)
    for wrong in (
        {"identifier": ""},
        {"identifier": "x" * 99},
        {"identifier": "a\x07b"},
        {"name": " "},
        {"consent": ""},
    ):
        operator.send("/people/new", 200, photo_files(picture()), **form | wrong)
    operator.send("/people/new", 200, photo_files(*[picture(0, n) for n in range(12)]), **form)
    for code, details in picture_errors():
        bad = picture(error=code, details=details)
        operator.send("/people/new", 200, photo_files(bad), **form)
    operator.send("/people/new", 200, photo_files(picture(), NO_PICTURE, b"{"), **form)
    operator.send("/people/new", 200, photo_files(picture(0), picture(5)), **form)
    site.enrol(1)
    operator.send("/people/new", 200, photo_files(picture(0, 1, like=1)), **form)
    operator.send(
        "/people/new", 200, photo_files(picture(0, 1, like=1), picture(3), NO_PICTURE), **form
    )
    operator.send("/people/new", 200, photo_files(picture(0)), **form | {"identifier": "person-1"})
    with full_queue(site):
        operator.send("/people/new", 200, photo_files(picture()), **form)
    operator.send("/people/new", 200, photo_files(picture()), **form)


@scene
def enrolling_with_movements(site: Site) -> None:
    require_challenges(Liveness(ChallengeScope.ENROLMENT, light=True))
    operator = site.operator
    form = {"identifier": "grace", "name": "Grace", "consent": "y"}
    operator.see("/people/new")
    operator.send("/people/new", 200, photo_files(picture()), **form)
    operator.send("/people/new", 200, photo_files(picture()), **form, challenge="forged")
    passed = perform(operator, "grace", enrolment=True)
    answer = operator.post("/challenges/passed", challenge=passed, identifier="grace")
    assert answer.json == {"passed": True}
    operator.send("/people/new", 200, photo_files(picture(7)), **form, challenge=passed)
    operator.send("/people/new", 200, photo_files(picture()), **form, challenge=passed)
    waived = form | {"identifier": "ada", "waiver": "cannot_move"}
    operator.send("/people/new", 200, photo_files(picture(3)), **waived)
    person = db.session.scalar(select(Person.id).where(Person.identifier == "grace"))
    operator.see(f"/people/{person}")
    operator.send(f"/people/{person}/anchors", 200, photo_files(picture(0, 1)))
    message_of(operator.post("/challenges/passed", challenge=passed, identifier=""), 422)


@scene
def people_listed(site: Site) -> None:
    operator = site.operator
    operator.see("/people")
    for number in range(MANY):
        site.enrol(number)
        if number < 2 or number == MANY - 1:
            operator.see("/people")
    operator.see("/people?page=2")
    operator.see("/people?q=nobody&sort=pictures_down")
    operator.see("/people?q=name+1&sort=identifier")


@scene
def one_person(site: Site) -> None:
    person, operator, admin = site.enrol(pictures=1), site.operator, site.admin
    path = f"/people/{person}"
    operator.see(path)
    operator.send(f"{path}/anchors", 200)
    operator.send(f"{path}/anchors", 200, photo_files(NO_PICTURE, picture(0, 4)))
    operator.send(f"{path}/anchors", 200, photo_files(picture(5, 1), picture(6, 2)))
    with full_queue(site):
        operator.send(f"{path}/anchors", 200, photo_files(picture(0, 1)))
    operator.send(f"{path}/anchors", 200, photo_files(picture(0, 1)))
    first, second = db.session.scalars(select(Anchor.id).order_by(Anchor.created_at))
    operator.see(f"{path}?retake={first}")
    operator.send(f"{path}/anchors/{first}/retire")
    operator.send(f"{path}/anchors/{second}/retire")
    operator.send(f"{path}/anchors/{second}/delete")
    operator.send(f"{path}/anchors/{first}/restore")
    operator.send(f"{path}/anchors", 200, photo_files(picture(0, 2)), in_place_of=str(first))
    operator.send(f"{path}/anchors/{first}/delete")
    site.change(anchors_a_person=2)
    operator.send(f"{path}/anchors", 200, photo_files(picture(0, 6), picture(0, 7)))
    for reason in INSTRUCTIONS:
        if reason in PICTURE_PROBLEMS:
            with unit_of_work() as session:
                session.execute(update(Anchor).values(quality={"reasons": [reason], "face_px": 9}))
            operator.see(path)
    operator.send(f"{path}/link")
    site.change(own_link_days=1)
    operator.send(f"{path}/link")
    operator.post(f"{path}/export")
    admin.see(path)
    operator.send(f"{path}/delete")
    operator.see(path, 404)


@scene
def doubtful_people(site: Site) -> None:
    operator = site.operator
    first = site.enrol(0, pictures=2)
    second = site.enrol(1, pictures=2, like=0)
    third = site.enrol(2)
    for person in (first, second):
        operator.see(f"/people/{person}")
    faces = [site.analysed(picture(8)), site.analysed(picture(9))]
    enrolment.add_anchors(third, faces, SERVER)
    operator.see(f"/people/{third}")
    site.admin.see("/threshold/pairs")


@scene
def consent_and_failures(site: Site) -> None:
    person, operator, admin = site.enrol(), site.operator, site.admin
    path = f"/people/{person}"
    site.change(retention_days=30, warning_days=30)
    operator.see(path)
    operator.send(f"{path}/consent")
    site.change(retention_days=3650, warning_days=1)
    operator.see(path)
    digest, failures = claimed_identity.claim_digest("person-0"), 0
    for wanted in (1, 2, 50):
        with unit_of_work() as session:
            for _ in range(wanted - failures):
                claimed_identity.count_failure(session, digest, None, liveness.in_force(), SERVER)
        failures = wanted
        admin.see(path)
        operator.see(path)
    site.anybody.send("/verify", 200, frame_files(picture()), identifier="person-0")
    admin.send(f"{path}/allow")


@scene
def own_page(site: Site) -> None:
    def new_link(person_id: Any) -> str:
        link = site.operator.send(f"/people/{person_id}/link").text
        return re.search(rf"http://localhost({site.prefix}/own/[^<\s]+)", link).group(1)

    for person, pictures in ((0, 1), (1, 3)):
        person_id = site.enrol(person, pictures=pictures)
        path = new_link(person_id)
        visitor = site.anybody
        visitor.see(path)
        site.change(retention_days=30)
        visitor.see(path)
    visitor.see("/own/forged", 404)
    site.operator.see(f"/people/{person_id}")
    site.operator.send(f"/people/{person_id}/link/end")
    path = new_link(person_id)
    visitor.send(f"{path}/withdraw")
    visitor.see(path, 404)
