"""Set-up, signing in, the account, and sessions that end."""

from __future__ import annotations

import io
import re
from unittest.mock import patch
from uuid import uuid4

import pyotp
from sqlalchemy import delete

from tests.support.fake_engine import picture
from tests.support.installation import OPERATOR, PASSWORD
from tests.support.walking.scenes.registry import scene
from tests.support.walking.scenes.steps import MANY, operator_account
from tests.support.walking.walker import Site
from webapp.db.models import Account
from webapp.db.transactions import unit_of_work
from webapp.services.accounts import two_factor
from webapp.startup.prepare import prepare


@scene
def set_up(site: Site) -> None:
    with unit_of_work() as session:
        session.execute(delete(Account))
    token, visitor = prepare(), site.anybody
    visitor.see("/")
    visitor.see(f"/setup/{token}")
    visitor.see("/setup/another", 404)
    form = {"username": "boss", "password": "a long sentence", "confirm": "a long sentence"}
    for wrong in (
        {"username": ""},
        {"username": "a\x07b"},
        {"password": "short", "confirm": "short"},
        {"password": "password1234", "confirm": "password1234"},
        {"confirm": "another"},
    ):
        visitor.send(f"/setup/{token}", 200, **form | wrong)
    visitor.send(f"/setup/{token}", **form)
    visitor.see(f"/setup/{token}")


@scene
def start_page(site: Site) -> None:
    for reader in (site.anybody, site.viewer, site.operator, site.admin):
        reader.see("/")
    site.enrol()
    site.operator.see("/")


@scene
def signing_in(site: Site) -> None:
    visitor = site.anybody
    visitor.see("/sign-in")
    visitor.see("/people")
    visitor.send("/sign-in", 200, username="", password="")
    visitor.send("/sign-in", 200, username="x" * 300, password="x" * 3000)
    visitor.send("/sign-in", 200, username=OPERATOR, password="not the password")
    visitor.see("/sign-in/code")
    for _ in range(6):
        visitor.send("/sign-in", 200, username="nobody", password="not the password")
    visitor.send("/sign-in", username=OPERATOR, password=PASSWORD)
    visitor.send("/sign-out")
    for _ in range(2):
        visitor.send("/sign-in", 200, username=OPERATOR, password="not the password")
    visitor.send("/sign-in", username=OPERATOR, password=PASSWORD)
    visitor.see("/sign-in?next=/people")


@scene
def led_to_sign_in_and_to_codes(site: Site) -> None:
    operator, nothing = site.operator, uuid4()
    operator.send(f"/people/{nothing}/delete", 404)
    operator.send(f"/people/{site.enrol()}/anchors/{nothing}/delete", 404)
    operator.see("/account/password")
    site.change(verify_requires_sign_in=True, second_factor_required=True)
    site.anybody.see("/verify")
    operator.see("/people")


@scene
def account(site: Site) -> None:
    operator, account_id = site.operator, operator_account()
    operator.see("/account")
    operator.see("/account/second-factor")
    secret = two_factor.new_secret()
    fields = {"secret": secret, "code": pyotp.TOTP(secret).now(), "current": PASSWORD}
    for wrong in ({"code": "000000"}, {"code": ""}, {"current": "not the password"}):
        operator.send("/account/second-factor", 200, **fields | wrong)
    operator.send("/account/second-factor", **fields)
    for left in (MANY, 2, 1, 0):
        with patch.object(two_factor, "recovery_codes_left", lambda _id, left=left: left):
            operator.see("/account")
    visitor = site.anybody
    visitor.send("/sign-in", username=OPERATOR, password=PASSWORD)
    visitor.send("/sign-in/code", 200, code="")
    visitor.send("/sign-in/code", 200, code="000000")
    operator.send("/account/second-factor/off", 200, **{"off-current": "not the password"})
    operator.send("/account/second-factor/off", **{"off-current": PASSWORD})
    visitor.see("/sign-in/code")
    elsewhere = site.operator
    chosen = re.search(r'name="sessions-chosen" value="([^"]+)"', operator.see("/account").text)[1]
    for wrong in ({}, {"sessions-chosen": chosen, "sessions-current": "wrong"}):
        operator.send("/account/sessions/end", 200, **wrong)
    right = {"sessions-chosen": chosen, "sessions-current": PASSWORD}
    operator.send("/account/sessions/end", **right)
    elsewhere.see("/account")
    two_factor.recovery_codes_left(account_id)
    change = {"current": PASSWORD, "password": "another sentence", "confirm": "another sentence"}
    for wrong in (
        {"current": "wrong"},
        {"confirm": "differs"},
        {"password": "short", "confirm": "short"},
        {"password": "password1234", "confirm": "password1234"},
        {"password": ""},
    ):
        operator.send("/account/password", 200, **change | wrong)
    operator.send("/account/password", **change)
    site.admin.see("/account")
    viewer = site.viewer
    viewer.see("/account")
    viewer.send("/account/sign-out-everywhere")


@scene
def privacy(site: Site) -> None:
    site.anybody.see("/privacy")
    for days in (1, 2, 365):
        site.change(
            retention_days=days, controller="A company", contact="a@b.example", purpose="A door"
        )
        site.anybody.see("/privacy")


@scene
def sessions_that_end(site: Site) -> None:
    operator = site.operator
    for fields in ({}, {"images": (io.BytesIO(picture()), "photo.jpg")}):
        token = operator.token()
        operator.post("/sign-out")
        form = {"csrf_token": token, "identifier": "kept-1", "name": "Kept", **fields}
        led = operator.client.post("/people/new", data=form).location
        operator.see(led)
        page = operator.send(led, username=OPERATOR, password=PASSWORD)
        assert 'value="kept-1"' in page.text
    operator.see("/people/new")
