"""After requests with names and secrets to the whole app, its log contains none of them."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

import ml
from tests.security.accounts.test_access import path_of
from tests.support import faces
from tests.support.changed import changed
from tests.support.installation import ADMIN, OPERATOR, PASSWORD, Visitor, session_cookie
from tests.support.programs import key_with
from webapp import create_app
from webapp.crypto.vault import read_master_key
from webapp.db.engine import db
from webapp.db.models import Anchor, Scope
from webapp.inference.active_model import active_model
from webapp.settings import Settings
from webapp.web.access import KeyRule, rule_of
from webapp.web.request_log import FORMAT, ROOT, RequestId

IDENTIFIER, NAME, REASON = "zq-7731", "Zenobia Quill", "Ottilie asked for it"
LINE = re.compile(r"^\d{4}-\S+ \S+ (DEBUG|INFO|WARNING|ERROR) (?P<id>\S+) webapp")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return the log, as a server writes it to standard error."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(RequestId())
    logging.getLogger(ROOT).addHandler(handler)
    yield written
    logging.getLogger(ROOT).removeHandler(handler)


@pytest.fixture
def app(settings: Settings, engine: ml.Engine) -> Iterator[Flask]:
    made = create_app(changed(settings, log_level="DEBUG"), engine)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()
    logging.getLogger("webapp").setLevel("INFO")


@pytest.fixture
def secrets(app: Flask, settings: Settings, tmp_path: Path) -> list[str]:
    """Return everything that was sent to, shown by or stored in the app during the run."""
    operator, admin, anybody = (Visitor(app) for _ in range(3))
    operator.sign_in(OPERATOR)
    admin.sign_in(ADMIN)
    person = enrol(operator)
    secrets = [IDENTIFIER, *NAME.split(), "Ottilie", ADMIN, OPERATOR, PASSWORD, "a wrong password"]
    secrets += go_everywhere(app, (anybody, operator, admin), person)
    secrets += use_the_api(app)
    secrets += own_page(operator, anybody, person)
    secrets += second_factor(app, operator)
    command_line(app, tmp_path)
    fail(app, anybody)
    for visitor in (operator, admin):
        secrets += [session_cookie(visitor).value, visitor.token()]
    operator.post(f"{person}/delete")
    return secrets + kept_secrets(settings)


def enrol(operator: Visitor) -> str:
    """Return the path of a person's page, after a match, no match and no face."""
    ada, bob = faces.people()[:2]
    enrolled = operator.post(
        "/people/new", {"images": ada.photos[:2]}, identifier=IDENTIFIER, name=NAME, consent="y"
    )
    for frame in (ada.photos[2], bob.photos[0], b"no picture", faces.without_face()):
        operator.post("/verify", {"frames": [frame]}, identifier=IDENTIFIER)
        operator.post("/identify", {"frames": [frame]})
        operator.post("/camera/check", {"frame": [frame]})
    operator.post("/verify", {"frames": [ada.photos[2]]}, identifier=f"{IDENTIFIER}-unknown")
    return enrolled.location


def go_everywhere(app: Flask, visitors: tuple[Visitor, ...], person: str) -> list[str]:
    """Request every route for every kind of answer, by nobody and the person; return the input."""
    anchor = db.session.scalar(select(Anchor.id))
    db.session.rollback()
    query = f"?q={IDENTIFIER}&person={IDENTIFIER}&identifier={IDENTIFIER}&next=/{IDENTIFIER}"
    fields = {"identifier": IDENTIFIER, "name": NAME, "reason": REASON, "score": "51"}
    fields |= {"username": ADMIN, "password": "a wrong password", "current": "a wrong password"}
    for visitor in visitors:
        visitor.get(f"{person}/anchors/{anchor}/picture")
        visitor.get(person + query)
        for route in app.url_map.iter_rules():
            if "sign_out" in route.endpoint or isinstance(rule_of(route.endpoint), KeyRule):
                continue
            if "GET" in route.methods:
                visitor.get(path_of(route) + query)
            if "POST" in route.methods:
                visitor.post(path_of(route), **fields)
    visitors[0].get(f"/setup/{'s3cret' * 7}")
    visitors[0].sign_in(f"{NAME} nobody", "a wrong password")
    return ["s3cret"]


def use_the_api(app: Flask) -> list[str]:
    """Request every API route, with an administrator's key and without a key; return the key."""
    key = key_with(*Scope)
    sent = {"identifier": IDENTIFIER, "name": NAME, "reason": REASON, "picture": "/9j/4AAQ"}
    for route in app.url_map.iter_rules():
        if not isinstance(rule_of(route.endpoint), KeyRule):
            continue
        for method in route.methods - {"HEAD", "OPTIONS"}:
            for secret in (key, f"{key}x"):
                with app.app_context():
                    app.test_client().open(
                        path_of(route),
                        method=method,
                        headers={"Authorization": f"Bearer {secret}"},
                        **{} if method in {"GET", "DELETE"} else {"json": sent},
                    )
    return [key]


def own_page(operator: Visitor, anybody: Visitor, person: str) -> list[str]:
    """Return the token of a person's own page, after its use."""
    shown = operator.post(f"{person}/link").text
    path = re.search(r"http://localhost(/own/[^<\s]+)", shown).group(1)
    picture = re.search(r'src="(/own/[^"]+/pictures/[^"]+)"', anybody.get(path).text).group(1)
    for place in (picture, f"{path}/export"):
        assert anybody.get(place).status_code == 200
    assert operator.post(f"{person}/export").status_code == 200
    return [path.rpartition("/")[2]]


def second_factor(app: Flask, visitor: Visitor) -> list[str]:
    """Return secret and codes of a second factor, after correct and wrong uses."""
    page = visitor.get("/account/second-factor").text
    secret = re.search(r'name="secret"[^>]*value="([A-Z2-7]+)"', page).group(1)
    code = pyotp.TOTP(secret).now()
    fields = {"secret": secret, "code": code, "current": PASSWORD}
    shown = visitor.post("/account/second-factor", **fields).text
    codes = re.findall(r"<li><code>([^<]+)", shown)
    assert len(codes) == 10
    elsewhere = Visitor(app)
    elsewhere.sign_in(OPERATOR)
    for one in (code, codes[0]):
        elsewhere.post("/sign-in/code", code=one)
    return [secret, *codes]


def command_line(app: Flask, folder: Path) -> None:
    runner, backup = app.test_cli_runner(), str(folder / f"{IDENTIFIER}.backup")
    for command in (
        ["account", "create", NAME, "--role", "viewer"],
        ["account", "password", NAME],
        ["account", "unlock", NAME],
        ["account", "reset-code", NAME],
        ["prepare"],
        ["backup", backup],
        ["keys", "rotate"],
        ["audit", "verify"],
        ["retention", "run"],
        ["jobs", "run"],
        ["models", "list"],
    ):
        result = runner.invoke(args=command, input=PASSWORD)
        assert result.exit_code == 0, (command, result.output)


def fail(app: Flask, anybody: Visitor) -> None:
    """Raise an exception whose text names the person."""

    def broken() -> str:
        raise ValueError(f"{NAME} cannot be shown")

    right = app.view_functions["privacy.index"]
    broken.access_rule = right.access_rule
    app.view_functions["privacy.index"] = broken
    assert anybody.get("/privacy").status_code == 500
    app.view_functions["privacy.index"] = right


def kept_secrets(settings: Settings) -> list[str]:
    """Return the contents of secret files, and faces and embeddings as text."""
    face = active_model().engine.analyse(faces.people()[0].photos[0], purpose="enrol")
    return [
        settings.secret_key_file.read_text().strip(),
        read_master_key(settings.master_key_file).hex(),
        *(f"{abs(value):.6f}" for value in face.embedding),
        *("/9j/", r"\xff\xd8", "array(", "data:image", "JFIF"),
    ]


@pytest.mark.sqlite  # it makes a backup
def test_after_a_run_through_the_whole_app_the_log_names_nobody_and_holds_no_secret(
    app: Flask, log: io.StringIO, secrets: list[str]
) -> None:
    text = log.getvalue()

    found = {secret for secret in secrets if secret in text}

    assert not found
    for route in app.url_map.iter_rules():  # all of it really was visited
        if route.endpoint != "static" and "sign_out" not in route.endpoint:
            assert f" {route.endpoint} " in text, route
    for event in (
        "person_enrolled", "verified", "picture_seen", "person_exported", "own_link_made",
        "second_factor_on", "sign_in_refused", "code_refused", "backed_up", "master_key_changed",
        "person_deleted", "refused",
    ):  # fmt: skip
        assert f" {event} " in text, event
    assert "ValueError" in text  # an exception's place is logged, not its text


def test_every_line_of_a_request_carries_the_id_that_its_answer_names(
    app: Flask, log: io.StringIO, operator: Visitor, people
) -> None:
    log.truncate(0)
    answer = operator.client.post("/verify")  # without a token: the refusal is logged as well

    lines = [LINE.match(line) for line in log.getvalue().strip("\0").splitlines()]

    assert lines
    assert all(lines)
    assert {line["id"] for line in lines} == {answer.headers["X-Request-ID"]}
