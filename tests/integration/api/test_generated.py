"""Generated requests, valid and invalid: every response is a documented one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.installation import Visitor
from tests.support.programs import key_with
from webapp.db.models import Scope

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.mark.slow
@pytest.mark.parametrize("number", [3, pytest.param(150, marks=pytest.mark.long)])
def test_generated_requests_are_answered_as_described(
    app: Flask, anybody: Visitor, enrol, number: int
) -> None:
    """Send `number` requests to each operation, half of them invalid."""
    enrol("ada", photos=1)
    headers = {"Authorization": f"Bearer {key_with(Scope.ADMIN)}"}
    asked = 0

    def ask(case: Case) -> None:
        nonlocal asked
        asked += 1
        with app.app_context():
            answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    for found in from_wsgi("/api/v1/openapi.json", app).get_all_operations():
        for mode in MODES:
            made_up = found.ok().as_strategy(generation_mode=mode)
            # An operation without input has no invalid requests.
            with suppress(*((Unsatisfiable,) if mode is GenerationMode.NEGATIVE else ())):
                settings(
                    max_examples=number,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                )(given(case=made_up)(ask))()

    print(f"{asked} requests")
    assert asked > number * 20
