"""A site with several of everything, and with unusual names."""

from __future__ import annotations

from uuid import UUID

from tests.support.browser.opening import ADMINISTRATOR
from tests.support.browser.site import Site
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Outcome, Purpose, Role, Scope
from webapp.db.transactions import unit_of_work
from webapp.services.accounts import accounts, api_keys
from webapp.services.enrolment import store
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import results
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.results import Result
from webapp.services.matching import verification
from webapp.services.people import anchors, people
from webapp.services.thresholds import identification, per_person
from webapp.services.thresholds import verification as thresholds
from webapp.services.thresholds.identification import IdentificationPolicy

# Identifier and name: of the maximum length and without a space, right to left, without letters
# that allow a line break, with marks on every letter, with emoji; and one of them twice.
NAMES = (
    ("W" * 64, "W" * 100),
    ("grace.brewster.murray.hopper@department-of-the-navy.example.org", "Anna Nowak"),
    ("anna-2", "Anna Nowak"),
    ("محمد-بن-عبد-الله-٣", "محمد بن عبد الله بن عبد المطلب"),
    ("השם-המלא", "יוסף (Joe) כהן!"),
    ("山田太郎一二三四五六七八九十", "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末"),
    ("z\u0351\u036b\u0343a\u0323\u0301l\u0334\u0358go", "a\u0301\u0323\u0302\u031b" * 20),
    ("👩‍👩‍👧‍👦" * 5, "👩🏽‍🚀" * 20),
)
REASON = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 11


def crowd(site: Site, photos: tuple[bytes, ...]) -> tuple[str, ...]:
    """Fill a site; return the paths of the people's pages, in the order of NAMES."""
    with site.app.app_context():
        admin = accounts.account_named(ADMINISTRATOR).id
        accounts.create_account("O" * 64, "a long password of no use", Role.OPERATOR, SERVER)
        enrolled = [_enrol(identifier, name, photos, admin) for identifier, name in NAMES]
        _change_settings(enrolled[0], admin)
        for claim in ("nobody" * 10, *(identifier for identifier, _ in NAMES)):
            verification.verify(claim, [photos[-1]], Actor(admin))
        for name in ("K" * 64, "Reception", "Reception"):
            api_keys.create(api_keys.NewKey(name, list(Scope)), Actor(admin))
        _record_challenges(enrolled, admin)
    return tuple(f"/people/{person}" for person in enrolled)


def _enrol(identifier: str, name: str, photos: tuple[bytes, ...], by: UUID) -> UUID:
    """Enrol a person with three photos, one of them disabled."""
    faces = review_pictures(photos[:3], SERVER).faces.values()
    person = store.enrol(NewPerson(identifier, name, True), faces, Actor(by))
    anchors.retire_anchor(person, people.find_person(person).anchors[0].id, Actor(by))
    return person


def _change_settings(person: UUID, by: UUID) -> None:
    for number, score in enumerate((51.0, 52.0, 53.0)):
        thresholds.change(score, REASON, Actor(by), based_on=thresholds.newest_number())
        per_person.change(person, number + 1.0, REASON, Actor(by))
        identification.change(IdentificationPolicy(0.01, number + 1.0), REASON, Actor(by))
    for strength in ("strict", "gentle", "normal"):
        setting = liveness.Liveness("nothing", strength, ("turn_left", "turn_right"), False)
        liveness.change(setting, REASON, Actor(by), liveness.newest_number())
    db.session.commit()


def _record_challenges(enrolled: list[UUID], by: UUID) -> None:
    result = Result(Purpose.VERIFY, Outcome.FAILED, "normal", ("turn_left",), ("flat",), {"x": 1.0})
    with unit_of_work() as session:
        for person in (*enrolled, None):
            results.record(session, result, person, Actor(by))
