"""A form whose session ended is restored with its input, for the same account alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from wtforms import Form, PasswordField
from wtforms.fields.core import UnboundField

import ml
from tests.support import faces
from tests.support.changed import changed
from tests.support.installation import (
    ADMIN,
    OPERATOR,
    PASSWORD,
    Visitor,
    as_file,
    session_cookie,
    words,
)
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, Person, ThresholdChange
from webapp.services.accounts import sessions
from webapp.settings import Settings
from webapp.web.forms.fields import PageForm
from webapp.web.resumed_forms import NOT_KEPT

SIGNED_OUT = "You were signed out. Sign in to continue."
NOTHING_SENT = "Nothing was sent yet."


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


def _token(visitor: Visitor, page: str) -> str:
    return re.search(r'name="csrf-token" content="([^"]+)"', visitor.get(page).text).group(1)


def _send(visitor: Visitor, path: str, token: str, **fields: object) -> str:
    """Send a form with the token that its page had; returns where the answer leads."""
    with visitor.client.application.app_context():  # each request has a client of its own
        answer = visitor.client.post(path, data={"csrf_token": token, **fields})
    assert answer.status_code == 302, words(answer)
    return answer.location


def _sign_in_at(visitor: Visitor, place: str, username: str = ADMIN) -> str:
    assert SIGNED_OUT in words(visitor.get(place))
    return visitor.post(place, username=username, password=PASSWORD).location


def _value(page: str, name: str) -> str:
    field = re.search(rf'<input[^>]* name="{name}"[^>]*>', page).group(0)
    return html.unescape(re.search(r'value="([^"]*)"', field).group(1))


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
    token = _token(admin, path)
    end(admin)
    page = admin.get(_sign_in_at(admin, _send(admin, path, token, **typed)))
    assert page.request.path == path
    assert NOTHING_SENT in words(page)
    for name, value in typed.items():
        if name in ("guarded", "strength"):
            assert re.search(rf'(checked|selected)[^>]* value="{value}"', page.text), name
        elif name != "review":
            assert _value(page.text, name) == value
    assert NOTHING_SENT not in words(admin.get(path))


def test_a_form_of_a_person_comes_back_on_their_page(
    admin: Visitor, people: tuple[faces.Person, ...]
) -> None:
    photo = {"images": people[0].photos[:1]}
    place = admin.post("/people/new", photo, identifier="ada", name="Ada", consent="y").location
    token = _token(admin, place)
    _sign_out(admin)
    led = _send(admin, f"{place}/anchors", token, images=as_file(1, people[0].photos[1]))
    page = words(admin.get(_sign_in_at(admin, led)))
    assert "Ada" in page
    assert "choose the photos again" in page

    token = _token(admin, f"{place}/threshold")
    _sign_out(admin)
    led = _send(admin, f"{place}/threshold", token, points="7.5", reason="a twin")
    assert _value(admin.get(_sign_in_at(admin, led)).text, "points") == "7.5"


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
    token = _token(admin, "/account")
    _clear_cookies(admin)
    assert _sign_in_at(admin, _send(admin, path, token)).startswith(page)


def test_signing_in_again_sends_nothing(admin: Visitor) -> None:
    token = _token(admin, "/people/new")
    _sign_out(admin)
    fields = {"identifier": "ada", "name": "Ada", "consent": "y", "score": "99", "reason": "x"}
    for path in ("/people/new", "/threshold"):
        admin.get(_sign_in_at(admin, _send(admin, path, token, **fields)))
        _sign_out(admin)
    assert db.session.scalars(select(Person)).all() == []
    assert db.session.scalars(select(ThresholdChange)).all() == []


def test_another_account_sees_no_kept_input(admin: Visitor) -> None:
    token = _token(admin, "/people/new")
    _sign_out(admin)
    led = _send(admin, "/people/new", token, identifier="secret-1", name="Secret Name")
    page = admin.get(_sign_in_at(admin, led, OPERATOR))
    assert page.status_code == 200
    assert "secret" not in page.text.lower().replace("one-time", "")
    _sign_out(admin)
    admin.sign_in(ADMIN)
    assert "Secret Name" not in admin.get("/people/new").text


def test_a_form_of_one_account_is_not_sent_for_another(admin: Visitor) -> None:
    token = _token(admin, "/people/new")
    _sign_out(admin)
    admin.sign_in(OPERATOR)
    led = _send(admin, "/people/new", token, identifier="ada", name="Ada", consent="y")
    assert "/sign-in" in led
    assert "Ada" not in admin.get("/people/new").text


def test_a_form_from_before_signing_in_again_elsewhere_comes_back_at_once(admin: Visitor) -> None:
    token = _token(admin, "/people/new")
    _sign_out(admin)
    admin.sign_in(ADMIN)
    page = admin.get(_send(admin, "/people/new", token, identifier="ada", name="Ada"))
    assert _value(page.text, "name") == "Ada"


def test_secrets_are_never_kept(admin: Visitor) -> None:
    token = _token(admin, "/account")
    _clear_cookies(admin)
    secrets = dict.fromkeys(("current", "password", "confirm", "code", "off-current"), "my secret")
    admin.get(_send(admin, "/account/password", token, **secrets))
    with admin.client.session_transaction() as session:
        assert "my secret" not in str(dict(session))


@pytest.mark.parametrize("end", [_sign_out, _end_everywhere])
def test_text_input_is_kept_although_large_photos_are_not_read(
    end: Callable[[Visitor], None], admin: Visitor
) -> None:
    token = _token(admin, "/people/new")
    end(admin)
    photo = as_file(1, bytes(3_000_000))
    led = _send(admin, "/people/new", token, identifier="ada", name="Ada", images=photo)
    page = admin.get(_sign_in_at(admin, led))
    assert _value(page.text, "name") == "Ada"
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
    token = _token(anybody, "/sign-in")
    fields = {"csrf_token": token, "score": "0", "reason": "open the door"}
    assert anybody.client.post("/threshold", data=fields).location == "/sign-in"
    anybody.sign_in(ADMIN)
    assert "open the door" not in anybody.get("/threshold").text


def test_a_public_form_comes_back_without_signing_in(anybody: Visitor) -> None:
    token = _token(anybody, "/sign-in")
    _clear_cookies(anybody)
    page = anybody.get(_send(anybody, "/sign-in", token, username="anna", password=PASSWORD))
    assert _value(page.text, "username") == "anna"
    assert PASSWORD not in page.text


def test_a_very_long_form_does_not_break_the_cookie(admin: Visitor, app: Flask) -> None:
    token = _token(admin, "/threshold")
    _clear_cookies(admin)
    noise = "".join(chr(0x4E00 + number * 37 % 20000) for number in range(500))
    led = _send(admin, "/threshold", token, reason=noise, score="60", rule="x" * 10_000)
    page = admin.get(_sign_in_at(admin, led))
    assert _value(page.text, "score") == "60.0"
    assert _value(page.text, "reason") == noise


def test_text_input_is_kept_after_too_many_requests(settings: Settings, engine: ml.Engine) -> None:
    app = create_app(changed(settings, sign_in_limit="1 per hour"), engine)
    with app.app_context():
        visitor = Visitor(app)
        token = _token(visitor, "/sign-in?next=/people")
        for _ in range(2):
            answer = visitor.client.post(
                "/sign-in?next=/people", data={"csrf_token": token, "username": "anna"}
            )
        page = visitor.get("/sign-in?next=%2Fpeople")
        db.session.remove()
        db.engine.dispose()
    assert answer.status_code == 429
    assert _value(page.text, "username") == "anna"
    assert NOTHING_SENT in words(page)


def test_text_input_is_kept_after_an_internal_error(admin: Visitor, app: Flask) -> None:
    token = _token(admin, "/threshold")
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> None:
        raise RuntimeError("broken")

    fail.access_rule = app.view_functions["threshold.edit"].access_rule
    usual, app.view_functions["threshold.edit"] = app.view_functions["threshold.edit"], fail
    answer = admin.client.post(
        "/threshold", data={"csrf_token": token, "score": "61.5", "reason": "strict"}
    )
    app.view_functions["threshold.edit"] = usual

    assert answer.status_code == 500
    assert 'href="/threshold"' in answer.text
    page = admin.get("/threshold")
    assert (_value(page.text, "score"), _value(page.text, "reason")) == ("61.5", "strict")


def test_text_input_is_kept_with_too_large_photos(admin: Visitor) -> None:
    token, photo = _token(admin, "/people/new"), as_file(1, bytes(70_000_000))
    with admin.client.application.app_context():
        answer = admin.client.post(
            "/people/new",
            data={
                "csrf_token": token,
                "identifier": "big",
                "images": photo,
            },
        )
    assert answer.status_code == 413
    assert _value(admin.get("/people/new").text, "identifier") == "big"


def test_text_input_is_kept_in_another_language(operator: Visitor) -> None:
    token = _token(operator, "/people/new")
    typed = "identifier=ada&name=Ada+%26+Eva&consent=y&current=my+secret"
    chosen = {"language": "fr", "next": "/people/new", "typed": typed, "files": "y"}
    with operator.client.application.app_context():
        operator.client.post("/language", data={"csrf_token": token, **chosen})
    page = operator.get("/people/new")

    assert '<html lang="fr"' in page.text
    assert _value(page.text, "name") == "Ada & Eva"
    assert "choisir de nouveau les photos" in words(page)
    assert "my secret" not in page.text
    assert _value(operator.get("/people/new").text, "name") == ""
