from __future__ import annotations

from flask import Flask

from tests.support.installation import Visitor, words
from tests.support.programs import described
from webapp.api.problems import API_PATH, CODES, STATUSES
from webapp.api.reference import calls, document
from webapp.messages import all_codes
from webapp.web.access import KeyRule, rule_of

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_every_route_of_the_api_is_described_with_its_scopes(app: Flask) -> None:
    served = {
        (method, route.rule.replace("<uuid:", "{").replace(">", "}")): rule_of(route.endpoint)
        for route in app.url_map.iter_rules()
        if route.rule.startswith(API_PATH) and route.endpoint != "api_reference.openapi"
        for method in route.methods & METHODS
    }

    described = {(call.method, call.path): call.scopes for call in calls(document())}

    assert described == {
        call: tuple(sorted(rule.scopes)) if isinstance(rule, KeyRule) else ()
        for call, rule in served.items()
    }


def test_the_description_is_openapi_3_1(app: Flask) -> None:
    schema = described(app)
    schema.validate()

    assert schema.raw_schema["openapi"].startswith("3.1")


def test_programs_read_the_description_without_a_key(app: Flask, anybody: Visitor) -> None:
    assert anybody.get(f"{API_PATH}/openapi.json").json == document()


def test_the_description_is_made_once(app: Flask) -> None:
    assert document() is document()


def test_the_page_shows_every_call_and_explains_every_code(app: Flask, anybody: Visitor) -> None:
    page = anybody.get("/api/docs")

    text = words(page)
    for call in calls(document()):
        assert f"{call.method} {call.path} {call.summary}" in text
    with app.test_request_context():
        codes = all_codes()
    for code in codes:
        assert f'id="{code}"' in page.text
    assert "style=" not in page.text
    assert page.text.count("<script") == page.text.count('<script type="module" src="/static/')


def test_every_problem_has_a_text(app: Flask) -> None:
    codes = {error.code for error in STATUSES} | set(CODES.values())

    with app.test_request_context():
        assert codes <= set(all_codes())
