"""Other programs in tests: the shipped client, whose every answer is held against OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from weakref import WeakKeyDictionary

import httpx
import pytest
from flask import Flask
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.schemas import OpenApiSchema
from siamese_faces import Client

from tests.support.installation import UNLIMITED
from webapp.api.reference import document
from webapp.db.models import Scope
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import NewKey

URL = "http://localhost"


class Wire(httpx.BaseTransport):
    """The way to an app in this process; each request has a context of its own.

    Every answer is held against the API's description.
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
    """The API's OpenAPI document, read once an app."""
    if app not in _DESCRIBED:
        with app.app_context():
            _DESCRIBED[app] = from_dict(document())
    return _DESCRIBED[app]


_DESCRIBED: WeakKeyDictionary[Flask, OpenApiSchema] = WeakKeyDictionary()


def key_with(*scopes: Scope, limit: str = UNLIMITED) -> str:
    """A fresh key to the API of the current app."""
    return api_keys.create(NewKey("a program", scopes, limit=limit), None).secret


def program(app: Flask, key: str) -> Client:
    """A client that holds a key."""
    return Client(URL, key, Wire(app))


@pytest.fixture
def client(app: Flask) -> Iterator[Client]:
    """A program that may do everything."""
    with program(app, key_with(Scope.ADMIN)) as made:
        yield made
