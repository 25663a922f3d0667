from __future__ import annotations

from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from tests.security.accounts.test_access import path_of
from tests.support.changed import changed
from tests.support.installation import OPERATOR, PASSWORD, Visitor, rows_stored, words
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, Person, Role
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.settings import Settings
from webapp.web.access import Rule, rule_of


def test_every_form_needs_its_token(app: Flask, admin: Visitor) -> None:
    routes = [
        route
        for route in app.url_map.iter_rules()
        if "POST" in route.methods and isinstance(rule_of(route.endpoint), Rule)
    ]
    assert len(routes) >= 25

    for route in routes:
        path = path_of(route)
        with app.app_context():
            assert admin.client.post(path, data={"csrf_token": "forged"}).status_code == 400, path
            assert admin.client.post(path).status_code == 400, path


def test_a_token_of_another_session_is_refused(
    app: Flask, anybody: Visitor, admin: Visitor
) -> None:
    foreign = anybody.token()

    with app.app_context():
        answer = admin.client.post(
            "/threshold", data={"csrf_token": foreign, "score": "1", "reason": "forged"}
        )

    assert answer.status_code == 400
    assert rows_stored()["threshold_change"] == 0


def test_every_answer_carries_the_strict_headers(anybody: Visitor, admin: Visitor) -> None:
    for answer in (anybody.get("/"), anybody.get("/nowhere"), admin.get("/people")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Permissions-Policy"].startswith("camera=(self)")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in answer.headers


def test_no_page_has_inline_script_or_style(admin: Visitor, enrol) -> None:
    person = enrol("ada", photos=1)
    for path in (
        "/", "/verify", "/identify", "/people", "/people/new", f"/people/{person}",
        "/threshold", "/attempts", "/sign-in", "/nowhere",
    ):  # fmt: skip
        page = admin.get(path).text

        assert " style=" not in page, path
        assert "<style" not in page, path
        assert " onclick=" not in page, path
        assert "javascript:" not in page, path
        for script in page.split("<script")[1:]:
            assert 'src="/static/' in script[:120] or 'type="application/json"' in script[:60], path


@pytest.mark.parametrize(("mode", "prolongs"), [("cors", False), ("navigate", True), (None, True)])
def test_an_answer_to_a_script_leaves_the_session_cookie_alone(
    operator: Visitor, mode: str | None, prolongs: bool
) -> None:
    headers = {"Sec-Fetch-Mode": mode} if mode else {}

    answer = operator.client.get("/people/taken?identifier=ada", headers=headers)

    names = [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]
    assert any("session" in name for name in names) == prolongs


def test_the_session_cookie_is_out_of_scripts_reach(anybody: Visitor) -> None:
    cookie = anybody.get("/").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_behind_https_cookies_and_browsers_stay_there(settings: Settings, engine) -> None:
    visitor = Visitor(create_app(changed(settings, https=True, proxies=1), engine))

    answer = visitor.get("/", headers={"X-Forwarded-Proto": "https"})

    assert answer.headers["Set-Cookie"].startswith("__Host-faces_session_")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


@pytest.mark.parametrize(("proxies", "codes"), [(0, [200, 429]), (1, [200, 200])])
def test_forwarded_addresses_count_only_behind_a_proxy_of_ours(
    settings: Settings, engine, proxies: int, codes: list[int]
) -> None:
    limited = changed(settings, sign_in_limit="1 per hour", proxies=proxies)
    visitor = Visitor(create_app(limited, engine))
    answers = []
    for address in ("10.0.0.1", "10.0.0.2"):
        visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = address
        answers.append(visitor.sign_in(OPERATOR, "a wrong password").status_code)

    assert answers == codes


def test_other_host_names_are_refused(settings: Settings, engine) -> None:
    visitor = Visitor(create_app(changed(settings, hosts=("faces.example.org",)), engine))

    assert visitor.get("/", headers={"Host": "faces.example.org"}).status_code == 200
    assert visitor.get("/", headers={"Host": "evil.example.com"}).status_code == 400


def test_signing_in_is_slowed_down(settings: Settings, engine) -> None:
    visitor = Visitor(create_app(changed(settings, sign_in_limit="3 per hour"), engine))

    answers = [visitor.sign_in(OPERATOR, "a wrong password") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "Too many tries" in words(answers[-1])


def test_signing_in_begins_a_session_of_its_own(app: Flask) -> None:
    visitor = Visitor(app)
    before = visitor.token()
    visitor.sign_in(OPERATOR)

    with app.app_context():
        forged = visitor.client.post("/sign-out", data={"csrf_token": before})

    assert forged.status_code == 400


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com",
        "//evil.example.com",
        "///evil.example.com",
        "////evil.example.com",
        "/\\evil.example.com",
        "javascript:alert(1)",
        "%2F%2Fevil",
    ],
)
def test_signing_in_never_leads_elsewhere(anybody: Visitor, target: str) -> None:
    answer = anybody.post(f"/sign-in?next={target}", username=OPERATOR, password=PASSWORD)

    assert answer.status_code == 302
    assert answer.location == "/"


def test_fields_that_a_form_lacks_are_ignored(operator: Visitor, operator_id, people) -> None:
    foreign = {column.name: "999" for column in Person.__table__.columns}
    foreign |= {"id": "0" * 32, "created_by_id": "0" * 32, "consent_at": "1999-01-01"}

    operator.post(
        "/people/new",
        {"images": [people[0].photos[0]]},
        **foreign | {"identifier": "ada", "name": "Ada", "consent": "y"},
    )

    db.session.rollback()
    person = db.session.scalars(select(Person)).one()
    assert (person.identifier, person.name, person.link_number) == ("ada", "Ada", 0)
    assert person.created_by_id == operator_id
    assert person.id.int != 0
    assert person.gallery_version < 999
    assert person.consent_at.year > 1999


def test_roles_cannot_be_set_by_form_fields(operator: Visitor, operator_id) -> None:
    new = "a long new password"
    operator.post(
        "/account/password",
        current=PASSWORD,
        password=new,
        confirm=new,
        role="admin",
        username="the admin",
    )

    db.session.rollback()
    account = db.session.get(Account, operator_id)
    assert (account.role, account.username) == (Role.OPERATOR, OPERATOR)
    assert operator.sign_in(OPERATOR, new).status_code == 302
    assert operator.get("/threshold").status_code == 403


@pytest.mark.parametrize("query", ["' OR 1=1 --", "%", "_", 'x" OR ""="', "a' UNION SELECT 1"])
def test_a_search_takes_its_text_literally(operator: Visitor, enrol, query: str) -> None:
    enrol("ada", photos=1)

    for place in (f"/people?q={quote(query)}", f"/attempts?person={quote(query)}"):
        assert "Ada" not in words(operator.get(place)), place
    assert "Ada" in words(operator.get("/people?q=AD"))


@pytest.mark.parametrize(
    "broken", ["/people\r\nSet-Cookie: evil=1", "/\nLocation: //evil", "/\x00"]
)
def test_no_response_header_is_built_from_input(app: Flask, anybody: Visitor, broken: str) -> None:
    signed_in = anybody.post(f"/sign-in?next={quote(broken)}", username=OPERATOR, password=PASSWORD)
    elsewhere = Visitor(app).get("/people", query_string={"q": broken})

    for answer in (signed_in, elsewhere):
        assert answer.status_code == 302
        assert "evil" not in answer.headers
        assert not any(set(value) & set("\r\n\0") for _, value in answer.headers)
        assert "evil=1" not in answer.headers.getlist("Set-Cookie")
    assert signed_in.location == "/"


def test_markup_in_names_stays_text(operator: Visitor, known_faces) -> None:
    store.enrol(
        NewPerson("<b>id</b>", "<script>alert(1)</script>", True), known_faces[0][:1], SERVER
    )

    page = operator.get("/people").text

    assert "<script>alert" not in page
    assert "<b>id</b>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "path",
    [
        "/people/not-an-id",
        "/people/1 OR 1=1",
        "/people/../threshold",
        "/people?page=x",
        "/people?q=' OR 1=1 --",
        "/verify?identifier=%00",
        "/setup/" + "x" * 5000,
    ],
)
def test_odd_paths_never_cause_a_server_error(admin: Visitor, path: str) -> None:
    assert admin.get(path).status_code < 500


def test_each_answer_names_an_id_of_its_own(anybody: Visitor) -> None:
    first, second = anybody.get("/"), anybody.get("/")

    assert len(first.headers["X-Request-ID"]) == 16
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
