"""API clients in tests: the shipped client; every response is validated against OpenAPI."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import httpx
from flask import Flask
from siamese_faces import Client

from tests.support.installation import UNLIMITED
from webapp.api.reference import document
from webapp.core.actor import SERVER
from webapp.db.models import Scope
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import NewKey

if TYPE_CHECKING:
    from schemathesis.specs.openapi.schemas import OpenApiSchema

URL = "http://localhost"


class Wire(httpx.BaseTransport):
    """A transport to an app in this process; each request has its own context.

    Every response is validated against the API's description.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._wsgi = httpx.WSGITransport(app)
        self._schema = described(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._app.app_context():
            response = self._wsgi.handle_request(request)
        response.request, response.elapsed = request, timedelta(0)  # read before the client does
        response.read()
        operation = self._schema.find_operation_by_path(request.method, request.url.path)
        if operation is not None:
            operation.validate_response(response)
        return response


def described(app: Flask) -> OpenApiSchema:
    """Return the API's OpenAPI document, as parsed by schemathesis."""
    with app.app_context():
        return _schema(json.dumps(document()))


@cache
def _schema(openapi: str) -> OpenApiSchema:
    from schemathesis.openapi import from_dict  # slow to import

    return from_dict(json.loads(openapi))


def key_with(*scopes: Scope, limit: str = UNLIMITED) -> str:
    """Create an API key of the current app."""
    return api_keys.create(NewKey("a program", scopes, limit=limit), SERVER).secret


def program(app: Flask, key: str) -> Client:
    """Return a client with a key."""
    return Client(URL, key, Wire(app))
