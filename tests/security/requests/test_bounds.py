"""Request sizes are limited before reading or parsing, on every route."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import pytest
from flask import Flask

from tests.security.accounts.test_access import path_of
from tests.support.installation import Visitor, words
from tests.support.programs import key_with
from webapp.db.models import Scope
from webapp.settings import Settings
from webapp.web.access import KeyRule, rule_of
from webapp.web.limits.request_bounds import (
    ATTRIBUTE,
    FRAME_BODY,
    MULTIPART,
    PICTURE_BODY,
    SMALL_BODY,
    URL_ENCODED,
    largest_body,
)

MANY_FIELDS = b"a=1&" * 2_700_000
JSON = "application/json"


class Unread(io.BytesIO):
    """A body that counts the bytes read from it."""

    def __init__(self, size: int) -> None:
        super().__init__(bytes(size))
        self.size = size

    @property
    def environ(self) -> dict[str, object]:
        """Return a WSGI environment, as a server makes it."""
        return {"wsgi.input": self, "CONTENT_LENGTH": str(self.size)}


def sends(visitor: Visitor, path: str, body: bytes, kind: str = URL_ENCODED):
    with visitor.client.application.app_context():
        return visitor.client.post(path, data=body, content_type=kind)


def routes_that_write(app: Flask) -> list[str]:
    found = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    return sorted({path_of(rule) for rule in found})


@pytest.mark.parametrize("kind", [URL_ENCODED, "text/plain", "application/xml", JSON])
def test_no_route_reads_a_large_body_of_another_kind_than_pictures(
    app: Flask, admin: Visitor, kind: str
) -> None:
    key = {"Authorization": f"Bearer {key_with(Scope.ADMIN)}"}
    for path in routes_that_write(app):
        if kind != URL_ENCODED and "/api/" in path:
            continue
        body = Unread(SMALL_BODY + 1)
        with app.app_context():
            answer = admin.client.post(
                path, content_type=kind, headers=key, environ_overrides=body.environ
            )
        takes = "verify" in path or path.endswith(("/new", "/anchors", "/check", "/identify"))
        if kind == URL_ENCODED or not (takes or path.endswith("/frames")):
            assert answer.status_code == 413, path


def test_a_form_of_very_many_fields_is_refused_unread(app: Flask, anybody: Visitor) -> None:
    body = Unread(len(MANY_FIELDS))
    with app.app_context():
        answer = anybody.client.post(
            "/sign-in", content_type=URL_ENCODED, environ_overrides=body.environ
        )

    assert answer.status_code == 413
    assert "longer than this page takes" in words(answer)


@pytest.mark.parametrize("path", ["/sign-in", "/verify", "/people/new", "/camera/check"])
def test_fields_are_counted_before_they_are_parsed(
    admin: Visitor, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("the form was parsed")

    monkeypatch.setattr("werkzeug.formparser.parse_qsl", refuse)

    assert sends(admin, path, b"a=1&" * 1_500).status_code == 413


def test_a_form_without_pictures_has_small_fields(admin: Visitor) -> None:
    answer = admin.post("/threshold", reason="x" * (SMALL_BODY + 1))

    assert answer.status_code == 413


def test_pages_that_keep_pictures_take_them_back(operator: Visitor) -> None:
    answer = operator.post("/people/new", kept="x," + "A" * 1_000_000, identifier="a", name="A")

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/verify", "/people/new", "/camera/check"])
def test_the_parts_of_a_form_are_counted(admin: Visitor, path: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    body = part * 200 + b"--x--\r\n"

    assert sends(admin, path, body, f"{MULTIPART}; boundary=x").status_code == 413


def test_headers_of_a_part_are_bounded(anybody: Visitor) -> None:
    header = b"X-A: " + b"b" * 60 + b"\r\n"
    body = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n' + header * 60_000
    body += b"\r\n1\r\n--x--\r\n"

    assert sends(anybody, "/verify", body, f"{MULTIPART}; boundary=x").status_code == 413


def test_parameters_of_an_address_are_counted(app: Flask, anybody: Visitor) -> None:
    assert anybody.get("/?" + "a=1&" * 2_000).status_code == 414
    with app.app_context():
        api = app.test_client().get("/api/v1/people?" + "a=1&" * 2_000)
    assert (api.status_code, api.mimetype) == (414, "application/problem+json")


@pytest.mark.parametrize("header", ["HTTP_COOKIE", "HTTP_X_ANYTHING", "HTTP_ACCEPT_LANGUAGE"])
def test_the_head_of_a_request_is_bounded(app: Flask, header: str) -> None:
    client = app.test_client(use_cookies=False)
    with app.app_context():
        answer = client.get("/", environ_overrides={header: "a=b; " * 10_000})

    assert answer.status_code == 431


def test_bodies_of_the_api_are_limited_by_their_content(app: Flask) -> None:
    key = {"Authorization": f"Bearer {key_with(Scope.ADMIN)}"}
    for rule in app.url_map.iter_rules():
        wanted = rule.methods & {"POST", "PATCH", "PUT"}
        if not isinstance(rule_of(rule.endpoint), KeyRule) or not wanted:
            continue
        if hasattr(app.view_functions[rule.endpoint], ATTRIBUTE):
            continue
        body = Unread(SMALL_BODY + 1)
        with app.app_context():
            answer = app.test_client().open(
                path_of(rule),
                method=wanted.pop(),
                content_type=JSON,
                headers=key,
                environ_overrides=body.environ,
            )
        assert (answer.status_code, answer.json["code"]) == (413, "too_large"), rule
        assert body.tell() == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 1_000_000, "malformed_json"),
        (b'{"picture": ' + b'{"a":' * 1_000_000, "malformed_json"),
        (b'{"picture": ' + b"[0," * 1_000_000, "too_large"),
        (b"{" + b",".join(b'"%d": 0' % number for number in range(200_000)) + b"}", "too_large"),
    ],
)
def test_json_of_very_many_values_is_refused_before_it_is_parsed(
    app: Flask, body: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("the body was parsed")

    parser = SimpleNamespace(loads=refuse, detect_encoding=json.detect_encoding)
    monkeypatch.setattr("webapp.api.requests.parsing.json", parser)
    key = {"Authorization": f"Bearer {key_with(Scope.ADMIN)}"}
    with app.app_context():
        answer = app.test_client().post("/api/v1/detect", data=body, content_type=JSON, headers=key)

    assert answer.json["code"] == code


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/code", "/sign-out", "/verify", "/camera/check", "/challenges"]
)
def test_forged_requests_of_an_address_come_to_an_end(
    app: Flask, settings: Settings, path: str
) -> None:
    app.extensions["settings"] = Settings(instance=settings.instance)
    with app.app_context():
        statuses = [app.test_client().post(path, data={"a": "1"}).status_code for _ in range(40)]

    assert statuses[0] == 400
    assert statuses[-1] == 429


def test_tries_to_sign_in_count_before_their_token_is_checked(
    app: Flask, settings: Settings
) -> None:
    app.extensions["settings"] = Settings(instance=settings.instance)
    with app.app_context():
        for _ in range(10):
            assert app.test_client().post("/sign-in").status_code == 400
        refused = app.test_client().post("/sign-in")

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_a_body_is_read_only_for_an_authorised_sender(app: Flask, anybody: Visitor) -> None:
    for path in ("/people/new", "/identify", "/verify/without-movements", "/api/v1/people"):
        body = Unread(30_000_000)
        with app.app_context():
            answer = anybody.client.post(
                path, content_type=f"{MULTIPART}; boundary=x", environ_overrides=body.environ
            )
        assert answer.status_code in {302, 401}, path
        assert body.tell() == 0, path


@pytest.mark.parametrize("prefix", ["", "/faces"])
def test_the_server_reads_no_more_than_the_app_takes(
    app: Flask, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv("SCRIPT_NAME", prefix)
    picture, form = f"{MULTIPART}; boundary=x", f"{URL_ENCODED}; charset=utf-8"

    def largest(method: str, path: str, kind: str) -> int:
        return largest_body(app, method, prefix + path, kind)

    assert largest("POST", "/sign-in", form) == SMALL_BODY
    assert largest("POST", "/people/new", picture) == Settings().request_bytes
    assert largest("POST", "/people/new", form) == SMALL_BODY
    assert largest("POST", "/verify", picture) == PICTURE_BODY
    assert largest("POST", "/challenges/frames", picture) == FRAME_BODY
    assert largest("POST", "/api/v1/verify", JSON) == Settings().request_bytes
    assert largest("POST", "/nowhere", picture) == SMALL_BODY
    assert largest("DELETE", "/verify", picture) == SMALL_BODY
