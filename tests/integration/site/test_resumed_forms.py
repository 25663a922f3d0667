"""A form whose session ended is restored with its input, for the same account alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from wtforms import Form, PasswordField
from wtforms.fields.core import UnboundField

from tests.integration.site.forms import NOTHING_SENT, token_of, value_of
from tests.support import faces
from tests.support.installation import (
    ADMIN,
    OPERATOR,
    PASSWORD,
    Visitor,
    as_file,
    session_cookie,
    words,
)
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, Person, ThresholdChange
from webapp.services.accounts import sessions
from webapp.web.forms.fields import PageForm
from webapp.web.resumed_forms import NOT_KEPT

SIGNED_OUT = "You were signed out. Sign in to continue."


def _sign_out(visitor: Visitor) -> None:
    """Sign out in another tab."""
    visitor.post("/sign-out")
    visitor.get("/")


def _clear_cookies(visitor: Visitor) -> None:
    visitor.client.delete_cookie(session_cookie(visitor).key)


def _end_everywhere(visitor: Visitor) -> None:
    """End the session on another device, or by its timeout."""
    sessions.end_all(db.session.scalar(select(Account.id).where(Account.username == ADMIN)), SERVER)


ENDS = [_sign_out, _clear_cookies, _end_everywhere]


def _send(visitor: Visitor, path: str, token: str, **fields: object) -> str:
    """Send a form with the token that its page had; returns where the answer leads."""
    with visitor.client.application.app_context():  # each request has a client of its own
        answer = visitor.client.post(path, data={"csrf_token": token, **fields})
    assert answer.status_code == 302, words(answer)
    return answer.location


def _sign_in_at(visitor: Visitor, place: str, username: str = ADMIN) -> str:
    assert SIGNED_OUT in words(visitor.get(place))
    return visitor.post(place, username=username, password=PASSWORD).location


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/people/new", {"identifier": "ada-1", "name": "Ada “Countess” Lovelace"}),
        ("/threshold", {"score": "61.5", "reason": "two look-alikes"}),
        ("/threshold", {"score": "61.5", "reason": "because", "review": "y"}),
        ("/threshold/search", {"percent": "0.5", "margin": "3.0", "reason": "a search"}),
        ("/liveness", {"reason": "a trial", "guarded": "enrolment", "strength": "strict"}),
        ("/api-keys", {"name": "Reception", "days": "12", "limit": "7 per minute"}),
    ],
)
def test_text_input_is_kept_after_signing_in_again(
    end: Callable[[Visitor], None], path: str, typed: dict[str, str], admin: Visitor
) -> None:
    token = token_of(admin, path)
    end(admin)
    page = admin.get(_sign_in_at(admin, _send(admin, path, token, **typed)))
    assert page.request.path == path
    assert NOTHING_SENT in words(page)
    for name, value in typed.items():
        if name in ("guarded", "strength"):
            assert re.search(rf'(checked|selected)[^>]* value="{value}"', page.text), name
        elif name != "review":
            assert value_of(page.text, name) == value
    assert NOTHING_SENT not in words(admin.get(path))


def test_a_form_of_a_person_is_restored_on_their_page(
    admin: Visitor, people: tuple[faces.Person, ...]
) -> None:
    photo = {"images": people[0].photos[:1]}
    place = admin.post("/people/new", photo, identifier="ada", name="Ada", consent="y").location
    token = token_of(admin, place)
    _sign_out(admin)
    led = _send(admin, f"{place}/anchors", token, images=as_file(1, people[0].photos[1]))
    page = words(admin.get(_sign_in_at(admin, led)))
    assert "Ada" in page
    assert "choose the photos again" in page

    token = token_of(admin, f"{place}/threshold")
    _sign_out(admin)
    led = _send(admin, f"{place}/threshold", token, points="7.5", reason="a twin")
    assert value_of(admin.get(_sign_in_at(admin, led)).text, "points") == "7.5"


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/account/sign-out-everywhere", "/account"),
        ("/models/embed", "/models"),
        ("/people/00000000-0000-0000-0000-000000000000/delete", "/people"),
    ],
)
def test_a_form_without_input_leads_back_to_its_page_and_does_nothing(
    path: str, page: str, admin: Visitor
) -> None:
    token = token_of(admin, "/account")
    _clear_cookies(admin)
    assert _sign_in_at(admin, _send(admin, path, token)).startswith(page)


def test_signing_in_again_sends_nothing(admin: Visitor) -> None:
    token = token_of(admin, "/people/new")
    _sign_out(admin)
    fields = {"identifier": "ada", "name": "Ada", "consent": "y", "score": "99", "reason": "x"}
    for path in ("/people/new", "/threshold"):
        admin.get(_sign_in_at(admin, _send(admin, path, token, **fields)))
        _sign_out(admin)
    assert db.session.scalars(select(Person)).all() == []
    assert db.session.scalars(select(ThresholdChange)).all() == []


def test_another_account_sees_no_kept_input(admin: Visitor) -> None:
    token = token_of(admin, "/people/new")
    _sign_out(admin)
    led = _send(admin, "/people/new", token, identifier="secret-1", name="Secret Name")
    page = admin.get(_sign_in_at(admin, led, OPERATOR))
    assert page.status_code == 200
    assert "secret" not in page.text.lower().replace("one-time", "")
    _sign_out(admin)
    admin.sign_in(ADMIN)
    assert "Secret Name" not in admin.get("/people/new").text


def test_a_form_of_one_account_is_not_sent_for_another(admin: Visitor) -> None:
    token = token_of(admin, "/people/new")
    _sign_out(admin)
    admin.sign_in(OPERATOR)
    led = _send(admin, "/people/new", token, identifier="ada", name="Ada", consent="y")
    assert "/sign-in" in led
    assert "Ada" not in admin.get("/people/new").text


def test_an_old_form_is_restored_at_once_after_signing_in_elsewhere(admin: Visitor) -> None:
    token = token_of(admin, "/people/new")
    _sign_out(admin)
    admin.sign_in(ADMIN)
    page = admin.get(_send(admin, "/people/new", token, identifier="ada", name="Ada"))
    assert value_of(page.text, "name") == "Ada"


def test_secrets_are_never_kept(admin: Visitor) -> None:
    token = token_of(admin, "/account")
    _clear_cookies(admin)
    secrets = dict.fromkeys(("current", "password", "confirm", "code", "off-current"), "my secret")
    admin.get(_send(admin, "/account/password", token, **secrets))
    with admin.client.session_transaction() as session:
        assert "my secret" not in str(dict(session))


@pytest.mark.parametrize("end", [_sign_out, _end_everywhere])
def test_text_input_is_kept_although_large_photos_are_not_read(
    end: Callable[[Visitor], None], admin: Visitor
) -> None:
    token = token_of(admin, "/people/new")
    end(admin)
    photo = as_file(1, bytes(3_000_000))
    led = _send(admin, "/people/new", token, identifier="ada", name="Ada", images=photo)
    page = admin.get(_sign_in_at(admin, led))
    assert value_of(page.text, "name") == "Ada"
    assert "choose the photos again" in words(page)


def _fields_of(form: type[Form]) -> Iterator[tuple[str, UnboundField]]:
    for name in dir(form):
        field = getattr(form, name)
        if isinstance(field, UnboundField):
            yield name, field
    for further in form.__subclasses__():
        yield from _fields_of(further)


def test_no_password_of_any_form_is_ever_kept() -> None:
    secret = {name for name, field in _fields_of(PageForm) if field.field_class is PasswordField}
    assert secret
    assert secret <= NOT_KEPT


def test_a_visitor_cannot_fill_an_administrators_form(anybody: Visitor) -> None:
    token = token_of(anybody, "/sign-in")
    fields = {"csrf_token": token, "score": "0", "reason": "open the door"}
    assert anybody.client.post("/threshold", data=fields).location == "/sign-in"
    anybody.sign_in(ADMIN)
    assert "open the door" not in anybody.get("/threshold").text


def test_a_public_form_is_restored_without_signing_in(anybody: Visitor) -> None:
    token = token_of(anybody, "/sign-in")
    _clear_cookies(anybody)
    page = anybody.get(_send(anybody, "/sign-in", token, username="anna", password=PASSWORD))
    assert value_of(page.text, "username") == "anna"
    assert PASSWORD not in page.text


def test_a_very_long_form_does_not_break_the_cookie(admin: Visitor, app: Flask) -> None:
    token = token_of(admin, "/threshold")
    _clear_cookies(admin)
    noise = "".join(chr(0x4E00 + number * 37 % 20000) for number in range(500))
    led = _send(admin, "/threshold", token, reason=noise, score="60", rule="x" * 10_000)
    page = admin.get(_sign_in_at(admin, led))
    assert value_of(page.text, "score") == "60.0"
    assert value_of(page.text, "reason") == noise
