"""Malformed requests of programs: each is answered by a problem, and changes nothing."""

from __future__ import annotations

import gzip
import io
import json
from base64 import b64encode
from uuid import uuid4

import pytest
from flask import Flask
from siamese_faces import Client

import ml
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored
from tests.support.programs import URL, Wire, key_with
from webapp import create_app
from webapp.api.blueprint import requested
from webapp.db.models import AuditEntry, Scope
from webapp.db.transactions import unit_of_work

JSON = {"Content-Type": "application/json"}
PERSON = {"identifier": "ada", "name": "Ada", "consent": True}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"),
        (b'{"identifier": ', "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b"[" * 100_000, "malformed_json"),
        (b'{"identifier": ' + b"9" * 5000 + b"}", "malformed_json"),
        (b"[]", "invalid_request"),
        (b"null", "invalid_request"),
        (b'"text"', "invalid_request"),
        (b"", "invalid_request"),
    ],
)
def test_a_body_other_than_a_json_object_is_refused(client: Client, body: bytes, code: str) -> None:
    answer = client.http.post("/people", content=body, headers=JSON)

    assert answer.json()["code"] == code
    assert answer.status_code == (400 if code == "malformed_json" else 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_is_read_in_each_encoding_that_shells_write(client: Client, encoding: str) -> None:
    text = json.dumps({"identifier": "ada", "name": "Adä", "consent": False, "pictures": [""]})

    answer = client.http.post("/people", content=text.encode(encoding), headers=JSON)

    assert answer.json()["code"] == "consent_missing"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP, identity"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_compressed_body_is_named_as_such(client: Client, kind: str, encoding: str) -> None:
    headers = {"Content-Type": kind, "Content-Encoding": encoding}

    answer = client.http.post("/detect", content=gzip.compress(b"{}"), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "content_compressed")
    assert encoding.lower() in answer.json()["detail"]
    assert answer.headers["Accept-Encoding"] == "identity"


def test_the_encoding_identity_is_accepted(client: Client) -> None:
    headers = {**JSON, "Content-Encoding": "identity"}

    assert client.http.post("/detect", content=b"{}", headers=headers).status_code == 422


def test_clients_of_the_first_release_list_everybody_by_an_empty_identifier(client: Client) -> None:
    answer = client.http.get("/people", params={"q": "", "identifier": "", "cursor": ""})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("identifier", ["", " ", "\u200b", "\ufe0f"])
def test_an_empty_identifier_finds_nobody_rather_than_everybody(
    client: Client, identifier: str
) -> None:
    answer = client.http.get("/people", params={"identifier": identifier})

    assert answer.status_code == 422
    assert "identifier" in answer.json()["errors"]


def test_an_unknown_person_is_named_by_the_requested_id(client: Client) -> None:
    answer = client.http.get(f"/people/{uuid4()}")

    assert answer.json()["detail"] == "There is no person with this id."


@pytest.mark.parametrize(
    "wrong",
    [
        {"identifier": 5},
        {"identifier": ""},
        {"identifier": "  "},
        {"identifier": "x" * 65},
        {"identifier": "a\u0000b"},
        {"identifier": "\ud800"},
        {"identifier": None},
        {"identifier": ["ada"]},
        {"consent": "yes"},
        {"consent": 1},
        {"pictures": []},
        {"pictures": "one"},
        {"pictures": [5]},
        {"pictures": ["not base64!"]},
        {"pictures": ["AAAA"] * 11},
        {"role": "admin"},
        {"created_by_id": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_wrong_types_and_unknown_fields_are_named_in_the_problem(
    client: Client, people, wrong: dict[str, object]
) -> None:
    before = rows_stored()["person"]
    picture = b64encode(people[0].photos[0]).decode()
    body = json.dumps({**PERSON, "pictures": [picture], **wrong})

    answer = client.http.post("/people", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert set(answer.json()["errors"]) == set(wrong)
    assert rows_stored()["person"] == before


def test_an_unknown_part_of_a_query_is_named(client: Client) -> None:
    for query in ({"limti": "5"}, {"limit": "0"}, {"limit": "many"}, {"limit": "1000"}):
        answer = client.http.get("/people", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_query_where_none_is_known_is_named(client: Client) -> None:
    answer = client.http.get("/thresholds", params={"nonsense": "1"})

    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"nonsense"})


def test_an_unknown_field_of_a_form_is_named(client: Client, people) -> None:
    photo = people[0].photos[0]
    for data, files in (({"tpo": "1"}, {}), ({}, {"tpo": photo})):
        answer = client.http.post("/identify", data=data, files={"pictures": photo, **files})
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"tpo"})


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "image/jpeg"])
def test_a_wrong_media_type_is_refused(client: Client, media_type: str) -> None:
    answer = client.http.post(
        "/people", content=json.dumps(PERSON), headers={"Content-Type": media_type}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_broken_form_is_refused(client: Client) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = client.http.post(
            "/people", content=b"--y\r\nnothing", headers={"Content-Type": content_type}
        )
        assert answer.status_code == 422


def test_a_huge_body_is_refused(settings, engine: ml.Engine) -> None:
    small = create_app(changed(settings, request_bytes=10_000), engine)
    with small.app_context():
        key = key_with(Scope.ADMIN)
    with Client(URL, key, Wire(small)) as client:
        for options in (
            {"content": b"{" + b" " * 20_000, "headers": JSON},
            {"files": {"pictures": b"x" * 20_000}, "data": PERSON},
        ):
            answer = client.http.post("/people", **options)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_an_unknown_path_is_a_problem(client: Client) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for method, path, status, code in (
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/people", 405, "method_not_allowed"),
        ("GET", f"/people/{nobody}", 404, "unknown_person"),
        ("GET", f"/people/{nobody}/anchors", 404, "unknown_person"),
        ("GET", f"/people/{nobody}/anchors/{nobody}/picture", 404, "unknown_anchor"),
        ("DELETE", f"/people/{nobody}", 404, "unknown_person"),
    ):
        answer = client.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["", "x" * 256, "two words", "a\tb"])
def test_an_idempotency_key_of_a_wrong_form_is_refused(client: Client, name: str) -> None:
    answer = client.http.post("/people", json=PERSON, headers={"Idempotency-Key": name})

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["errors"]


def test_forms_with_equal_concatenations_are_distinguished(app: Flask) -> None:
    """A field's text may contain the separator and another field."""
    forms = (
        {"a": "1", "b": "2"},
        {"a": "1\0b\x002"},
        {"a\x001": "b\x002"},
        {"a": "1", "b": (io.BytesIO(b"2"), "b")},
    )
    seen = set()
    for form in forms:
        with app.test_request_context("/", method="POST", data={"f": (io.BytesIO(), "f"), **form}):
            seen.add(requested())
            assert requested() in seen  # the files are read again

    assert len(seen) == len(forms)


def test_a_signed_in_browser_cannot_use_the_api(app: Flask, admin: Visitor) -> None:
    assert admin.get("/audit").status_code == 200  # the cookie is valid

    for path in ("/api/v1/people", "/api/v1/attempts", "/api/v1/thresholds"):
        answer = admin.get(path)
        assert (answer.status_code, answer.json["code"]) == (401, "key_missing")


def test_the_api_leaves_no_cookie(client: Client) -> None:
    for path in ("/thresholds", "/nothing", "/health"):
        assert "Set-Cookie" not in client.http.get(path).headers


def test_problems_are_in_the_callers_language(client: Client) -> None:
    answer = client.http.get("/nothing", headers={"Accept-Language": "de"})

    assert answer.json()["detail"] == "An dieser Adresse gibt es nichts."


def test_scripts_of_other_sites_are_refused_unless_allowed(
    app: Flask, settings, engine: ml.Engine
) -> None:
    shop = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    opened = create_app(changed(settings, api_origins=("https://shop.example",)), engine)

    closed_answer = app.test_client().options("/api/v1/people", headers=shop)
    with opened.app_context():
        named = opened.test_client().options("/api/v1/people", headers=shop)
        stranger = opened.test_client().options(
            "/api/v1/people", headers={**shop, "Origin": "https://evil.example"}
        )
        page = opened.test_client().get("/verify", headers=shop)

    allowed = "Access-Control-Allow-Origin"
    assert allowed not in closed_answer.headers
    assert named.headers[allowed] == "https://shop.example"
    assert named.status_code == 200
    assert "Access-Control-Allow-Credentials" not in named.headers
    assert allowed not in stranger.headers
    assert allowed not in page.headers


def test_scripts_of_allowed_sites_can_read_errors(
    settings, engine: ml.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = "https://shop.example"
    opened = create_app(changed(settings, api_origins=(shop,)), engine)
    with opened.app_context():
        key = key_with(Scope.READ)
        with unit_of_work() as session:
            AuditEntry.__table__.drop(session.connection())  # so that its use cannot be recorded
        headers = {"Origin": shop, "Authorization": f"Bearer {key}"}
        failed = opened.test_client().get("/api/v1/thresholds", headers=headers)

    assert failed.status_code == 503
    assert failed.headers["Access-Control-Allow-Origin"] == shop
    assert failed.headers["X-Content-Type-Options"] == "nosniff"


def test_a_wrong_host_is_a_problem(settings, engine: ml.Engine) -> None:
    named = create_app(changed(settings, hosts=("faces.example",)), engine)
    with named.app_context():
        answer = named.test_client().get("/api/v1/thresholds", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert answer.mimetype == "application/problem+json"
