"""Thresholds of everybody, of one person and of identification."""

from __future__ import annotations

import shutil
from dataclasses import replace
from unittest.mock import patch
from uuid import uuid4

from sqlalchemy import update

import ml
from tests.support.fake_engine import picture
from tests.support.past import store_cosine_threshold
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import MANY, store_attempt
from tests.support.walking.walker import Site
from webapp.core.actor import SERVER
from webapp.db.models import Attempt, Kind
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store as enrolment
from webapp.services.people import similar_people
from webapp.services.thresholds import local_population, verification


@scene
def threshold_carried_over(site: Site) -> None:
    """The threshold of a release that compared cosines."""
    store_cosine_threshold(0.93)
    verification.carry_over()
    site.admin.see("/threshold")


@scene
def threshold(site: Site) -> None:
    admin = site.admin
    admin.see("/threshold")
    for number in range(3):
        site.enrol(number)
        admin.see("/threshold")
    site.enrol(3, pictures=2)
    admin.see("/threshold")
    site.enrol(4, pictures=2)
    for query in ("score=0", "score=100", "calibrate=people"):
        admin.see(f"/threshold?{query}")
    for query in ("score=nan", "score=", "rule=wrong"):
        admin.see(f"/threshold?{query}", 200)
    for rule in ml.match_rules:
        admin.see(f"/threshold?rule={rule}")
    form = {"score": "60", "reason": "a test", "based_on": "0", "rule": "best"}
    admin.send("/threshold", review="y", **form)
    for wrong in (
        {"score": "101"},
        {"score": ""},
        {"reason": ""},
        {"rule": "x"},
        {"based_on": "9"},
    ):
        admin.send("/threshold", 200, **form | wrong)
    admin.send("/threshold", **form)
    for score in ("0", "1", "20", "99"):
        dangerous = form | {"score": score, "based_on": "1"}
        admin.send("/threshold", review="y", **dangerous)
        admin.send("/threshold", 200, **dangerous, confirmation="safe")
    admin.send("/threshold", **dangerous, confirmation=site.danger_word)
    admin.send("/threshold", **form | {"score": "40", "based_on": "2", "rule": "mean"})
    admin.see("/threshold")


@scene
def threshold_among_many(site: Site) -> None:
    admin = site.admin
    for number in range(12):
        site.enrol(number, pictures=2)
    admin.see("/threshold")
    form = {"score": "60", "reason": "a test", "based_on": "0", "rule": "best"}
    admin.send("/threshold", review="y", **form)
    site.enrol(12)
    with patch.object(local_population, "MOST_PEOPLE", 11):
        admin.see("/threshold")
    with patch.object(similar_people, "MOST_ANCHORS", 11):
        admin.see("/threshold/pairs")
    # A goal that twelve people support, then a model that was measured on very few people.
    calibration = active_model().engine
    usual = calibration.calibration
    calibration.calibration = replace(usual, default_far=0.1)
    admin.see("/threshold?calibrate=people")
    admin.see("/threshold?calibrate=people&score=50")
    few = {
        rule: {number: replace(curve, far_supported=0.2) for number, curve in curves.items()}
        for rule, curves in usual.curves.items()
    }
    calibration.calibration = replace(usual, curves=few)
    admin.see("/threshold")


@scene
def what_would_change(site: Site) -> None:
    admin, person = site.admin, site.enrol()
    form = {"score": "60", "reason": "a test", "based_on": "0", "rule": "best", "review": "y"}
    sent = ({"score": "99.9"}, {"score": "0.1"}, {"rule": "mean"})
    for number in range(4):
        for change in sent:
            admin.send("/threshold", **form | change)
        store_attempt(site, person if number else None, match=bool(number % 2))
    with unit_of_work() as session:
        session.execute(update(Attempt).values(similarity=0.97, match=True))
    admin.send("/threshold", **form | {"score": "99.9"})
    for number in range(MANY):
        store_attempt(site, person, match=bool(number % 2))
    for change in sent:
        admin.send("/threshold", **form | change)
    with unit_of_work() as session:
        session.execute(update(Attempt).values(similarity=0.2, match=False))
    admin.send("/threshold", **form | {"score": "0.1"})


@scene
def pairs(site: Site) -> None:
    admin = site.admin
    admin.see("/threshold/pairs")
    site.enrol(0)
    admin.see("/threshold/pairs")
    site.enrol(1, like=0)
    for misfits in (1, 2):
        person = site.enrol(10 + misfits, pictures=2)
        enrolment.add_anchors(person, [site.analysed(picture(20 + misfits))], SERVER)
        admin.see("/threshold/pairs")


@scene
def threshold_of_one(site: Site) -> None:
    admin, person = site.admin, site.enrol()
    path = f"/people/{person}/threshold"
    store_attempt(site, person, match=True)
    admin.see(path)
    admin.see(f"{path}?points=5")
    admin.see(f"/people/{uuid4()}/threshold", 404)
    form = {"points": "10", "reason": "a twin", "based_on": "0"}
    admin.send(path, review="y", **form)
    for wrong in ({"points": "-99"}, {"points": "999"}, {"points": ""}, {"based_on": "7"}):
        admin.send(path, 200, **form | wrong)
    admin.send(path, **form)
    admin.see(path)
    admin.send(path, **form | {"points": "1.5", "based_on": "1"})
    admin.see(path)
    admin.send(path, **form | {"points": "0", "based_on": "2"})


@scene
def searches(site: Site) -> None:
    admin, path = site.admin, "/threshold/search"
    form = {"percent": "2", "margin": "0", "reason": "a test", "based_on": "0"}
    for person in range(3):
        admin.see(path)
        admin.send(path, review="y", **form)
        site.enrol(person)
    for wrong in ({"percent": "0"}, {"margin": "-1"}, {"percent": "x"}, {"based_on": "4"}):
        admin.send(path, 200, **form | wrong)
    admin.send(path, 200, **form)
    admin.send(path, **form, confirmation=site.danger_word)
    admin.see(path)
    admin.send(path, **form | {"margin": "5", "percent": "0.5", "based_on": "1"})
    store_attempt(site, None, match=True, kind=Kind.IDENTIFY)
    admin.send(path, review="y", **form | {"percent": "1", "based_on": "2"})
    admin.see("/threshold")


@scene
def no_calibration(site: Site) -> None:
    engine = active_model().engine
    folder = site.settings.instance / "empty"
    shutil.copytree(engine.artifact.folder, folder)
    (folder / "calibration.json").unlink()
    admin, person = site.admin, site.enrol()
    engine.__dict__.pop("calibration", None)
    engine.artifact = replace(engine.artifact, folder=folder)
    for path in ("/threshold", "/threshold/search", f"/people/{person}/threshold"):
        admin.see(path, 503)
    other = next(name for name in ml.installed(ml.ARTIFACTS) if name != ml.DEFAULT_MODEL)
    admin.see(f"/models/{other}/change")
