from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from ml import STEPS
from tests.support.installation import Visitor, words
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry, ChallengeScope, Purpose
from webapp.errors.liveness import MovementsTooFew, StrengthUnknown
from webapp.errors.thresholds import SettingConflict
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.setting import Liveness


def send(admin: Visitor, **fields: object):
    plain = {"guarded": "verification", "strength": "normal", "reason": "tried", "based_on": "0"}
    movements = {"allowed": list(STEPS)}
    return admin.post("/liveness", **(plain | movements | fields))


def test_by_default_no_challenge_is_required(app: Flask) -> None:
    setting = liveness.in_force()

    assert not setting.requires_challenge(Purpose.VERIFY)
    assert not setting.requires_challenge(Purpose.ENROL)


def test_enrolment_requires_a_challenge_only_by_setting(app: Flask) -> None:
    liveness.change(Liveness(ChallengeScope.VERIFICATION), "photos were shown", SERVER)
    assert liveness.in_force().requires_challenge(Purpose.VERIFY)
    assert not liveness.in_force().requires_challenge(Purpose.ENROL)

    liveness.change(Liveness(ChallengeScope.ENROLMENT), "for enrolling too", SERVER)
    assert liveness.in_force().requires_challenge(Purpose.VERIFY)
    assert liveness.in_force().requires_challenge(Purpose.ENROL)


def test_a_change_is_stored_with_the_setting_before_and_audited(app: Flask, admin: Visitor) -> None:
    answer = send(admin, strength="gentle", allowed=["turn_left", "come_closer"])

    assert answer.status_code == 302
    (change,) = liveness.history()
    assert change.value == Liveness(
        ChallengeScope.VERIFICATION, "gentle", ("turn_left", "come_closer")
    )
    assert change.previous == liveness.DEFAULT
    assert (change.reason, change.username) == ("tried", "the admin")
    events = db.session.scalars(select(AuditEntry.event)).all()
    assert events.count("liveness_changed") == 1


def test_light_is_off_by_default_and_switching_it_is_stored(app: Flask, admin: Visitor) -> None:
    send(admin)
    assert not liveness.in_force().light
    assert "Light: off" in words(admin.get("/liveness"))

    send(admin, light="y", based_on="1")
    db.session.rollback()
    assert liveness.in_force().light
    change = liveness.history()[0]
    assert (change.value.light, change.previous.light) == (True, False)
    page = admin.get("/liveness")
    assert "Light: off → on" in words(page)
    assert 'checked id="light"' in page.text


def test_the_page_warns_of_flashing_light(app: Flask, admin: Visitor) -> None:
    assert "epilepsy" in words(admin.get("/liveness"))


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"allowed": ["turn_left"]}, "at least 2 movements"),
        ({"reason": ""}, "fill this in"),
        ({"guarded": "everything"}, "Not a valid choice"),
        ({"strength": "absolute"}, "Not a valid choice"),
        ({"based_on": "7"}, "Somebody changed the setting"),
    ],
)
def test_an_invalid_setting_is_explained_and_changes_nothing(
    app: Flask, admin: Visitor, fields: dict[str, object], shown: str
) -> None:
    answer = send(admin, **fields)

    assert answer.status_code == 200
    assert shown in words(answer)
    assert liveness.in_force() == liveness.DEFAULT


def test_the_service_refuses_settings_that_no_page_offers(app: Flask) -> None:
    with pytest.raises(MovementsTooFew):
        liveness.change(Liveness(allowed=("turn_left", "stand on your head")), "odd", SERVER)
    with pytest.raises(StrengthUnknown):
        liveness.change(Liveness(strength="absolute"), "odd", SERVER)
    liveness.change(Liveness(ChallengeScope.VERIFICATION), "first", SERVER, based_on=0)
    with pytest.raises(SettingConflict):
        liveness.change(Liveness(), "second", SERVER, based_on=0)


def test_the_page_first_warns_of_virtual_cameras(app: Flask, admin: Visitor) -> None:
    page = words(admin.get("/liveness"))

    assert page.index("can be replaced by a virtual one") < page.index("In force now")


def test_an_earlier_setting_can_be_previewed(app: Flask, admin: Visitor) -> None:
    send(admin, guarded="enrolment", allowed=["turn_up", "turn_down"])
    send(admin, guarded="nothing", based_on="1")

    page = admin.get("/liveness?change=1").text

    assert 'checked id="guarded-2" name="guarded" type="radio" value="enrolment"' in page
    assert admin.get("/liveness?change=99&before=1").status_code == 200
