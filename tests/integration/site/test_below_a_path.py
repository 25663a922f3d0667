"""The app below a path of a host, such as /faces: every page, form, script and cookie."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.changed import changed
from tests.support.fake_engine import FakeEngine
from tests.support.installation import CHEAP, OPERATOR, PASSWORD, UNLIMITED, Visitor, session_cookie
from tests.support.walking.scenes import SCENES
from tests.support.walking.walker import Notes, PathProxy, Reader, site
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, Scope
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import NewKey
from webapp.settings import ROOT, Settings
from webapp.startup.prepare import prepare

pytestmark = pytest.mark.slow

PREFIX = "/faces"


@pytest.fixture
def below(fresh_installation: Path, tmp_path: Path) -> Settings:
    """Return settings of an app behind a proxy that serves it below a path."""
    return Settings(
        instance=shutil.copytree(fresh_installation, tmp_path / "instance"),
        password_cost=CHEAP,
        sign_in_limit=UNLIMITED,
        verify_limit=UNLIMITED,
        guidance_limit=UNLIMITED,
        proxies=1,
    )


@pytest.fixture
def app_below(below: Settings) -> Iterator[Flask]:
    app = create_app(below, FakeEngine())
    app.wsgi_app = PathProxy(app.wsgi_app, PREFIX)
    with app.app_context():
        yield app


@pytest.fixture
def reader(app_below: Flask) -> Reader:
    return Reader(app_below, "en", PREFIX)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.mark.parametrize("name", SCENES)
def test_every_page_and_form_stays_below_the_path(below: Settings, cache: Path, name: str) -> None:
    with site(below, "en", cache, Notes(), PREFIX) as place:
        SCENES[name](place)


def test_signing_in_leads_to_the_requested_page(reader: Reader) -> None:
    asked = reader.get("/people?q=ada")
    assert asked.location == f"{PREFIX}/sign-in?next={PREFIX}/people?q%3Dada"

    answer = reader.post(asked.location, username=OPERATOR, password=PASSWORD)

    assert answer.location == f"{PREFIX}/people?q=ada"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/other",
        "/facesother",
        "/faces/../other",
        "/faces/%2e%2e/other",
        "/faces/.%2E/x",
        "//x/",
    ],
)
def test_signing_in_never_leads_outside_the_path(reader: Reader, target: str) -> None:
    answer = reader.sign_in(OPERATOR, next=target.replace("%", "%25"))

    assert answer.location == f"{PREFIX}/"


def test_scripts_and_styles_name_no_path_of_their_own(reader: Reader) -> None:
    for path in (ROOT / "static").rglob("*"):
        if path.suffix in {".js", ".css"} and "vendor" not in path.parts:
            text = path.read_text(encoding="utf-8")
            code = re.sub(r"//.*|/\*.*?\*/", "", text)
            assert not re.search(r"""(["'`]|url\()/[\w.]""", code), path
            address = f"/static/{path.relative_to(ROOT / 'static').as_posix()}"
            with reader.get(address) as answer:
                assert answer.status_code == 200


def test_the_api_names_its_places_with_the_path(reader: Reader, app_below: Flask) -> None:
    key = api_keys.create(NewKey("a program", list(Scope), 3, "99 per hour"), SERVER).secret
    headers = {"Authorization": f"Bearer {key}"}

    described = reader.get("/api/v1/openapi.json").json
    problem = reader.get("/api/v1/people/00000000-0000-0000-0000-000000000000", headers=headers)

    assert described["servers"] == [{"url": PREFIX}]
    assert problem.json["type"] == f"{PREFIX}/api/docs#unknown_person"
    assert reader.get("/api/docs").text.count(f"GET {PREFIX}/api/v1/") > 1


def test_the_set_up_link_holds_the_path(app_below: Flask) -> None:
    db.session.query(Account).delete()
    db.session.commit()
    run = app_below.test_cli_runner().invoke

    shown = run(args=["prepare", "--url", f"https://faces.test{PREFIX}/"]).output

    token = prepare()
    assert token
    assert f"https://faces.test{PREFIX}/setup/" in shown


def test_a_server_that_sets_script_name_itself_is_followed(below: Settings) -> None:
    app = create_app(changed(below, proxies=0), FakeEngine())
    answer = app.test_client().get("/people", base_url=f"http://localhost{PREFIX}")

    assert answer.location.startswith(f"{PREFIX}/sign-in?next={PREFIX}/people")


@pytest.mark.parametrize(
    "header",
    [
        "//evil.test",
        "https://evil.test",
        "/faces/../x",
        "faces",
        "/a b",
        "/a\\b",
        "/%2f",
        "/x//y",
        ".",
    ],
)
def test_an_invalid_prefix_is_ignored(below: Settings, header: str) -> None:
    client = create_app(below, FakeEngine()).test_client()

    answer = client.get("/people", headers={"X-Forwarded-Prefix": header})

    assert answer.location == "/sign-in?next=/people"


def test_without_a_proxy_the_prefix_header_is_ignored(below: Settings) -> None:
    client = create_app(changed(below, proxies=0), FakeEngine()).test_client()

    answer = client.get("/people", headers={"X-Forwarded-Prefix": PREFIX})

    assert answer.location == "/sign-in?next=/people"


# Cookies


@pytest.mark.parametrize(
    ("https", "prefix", "begins", "path"),
    [
        (False, "", "faces_session_", "/"),
        (False, PREFIX, "faces_session_", PREFIX),
        (True, "", "__Host-faces_session_", "/"),
        (True, PREFIX, "__Secure-faces_session_", PREFIX),
    ],
)
def test_the_cookie_is_bound_to_its_path(
    below: Settings, https: bool, prefix: str, begins: str, path: str
) -> None:
    client = create_app(changed(below, https=https), FakeEngine()).test_client()
    scheme = "https" if https else "http"

    answer = client.get("/sign-in", base_url=f"{scheme}://localhost{prefix}")

    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith(begins)
    assert f"; Path={path}" in cookie
    assert ("; Secure" in cookie) is https
    assert "Domain" not in cookie


def test_two_installations_on_one_host_keep_their_sessions(below: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(below.instance, other)
    (other / "secret.key").write_text("ab" * 32)
    first, second = (
        Visitor(create_app(changed(below, instance=instance), FakeEngine()))
        for instance in (below.instance, other)
    )
    first.sign_in(OPERATOR)
    second.sign_in(OPERATOR)

    cookies = session_cookie(first), session_cookie(second)
    for visitor in (first, second):
        for cookie in cookies:
            visitor.client.set_cookie(cookie.key, cookie.value)
    first.client.set_cookie("session", "of an app that keeps Flask's name")

    assert first.get("/people").status_code == 200
    assert second.get("/people").status_code == 200


def test_nodes_of_one_installation_share_the_cookie(below: Settings) -> None:
    here, there = (Visitor(create_app(below, FakeEngine())) for _ in range(2))
    here.sign_in(OPERATOR)
    cookie = session_cookie(here)

    there.client.set_cookie(cookie.key, cookie.value)

    assert there.get("/people").status_code == 200


def test_signing_out_deletes_the_cookie_below_the_path(reader: Reader) -> None:
    reader.sign_in(OPERATOR)
    assert reader.get("/people").status_code == 200

    reader.post("/sign-out")

    assert reader.get("/people").status_code == 302
