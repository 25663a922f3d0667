"""Other programs in tests: the shipped client, whose every answer is held against OpenAPI."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from flask import Flask
from schemathesis.openapi import from_dict
from siamese_faces import Client

from tests.installation import UNLIMITED
from webapp.api.reference import document
from webapp.models import Scope
from webapp.services import api_keys
from webapp.services.api_keys import NewKey

URL = "http://localhost"


class Wire(httpx.BaseTransport):
    """The way to an app in this process; each request has a context of its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._wsgi = httpx.WSGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._app.app_context():
            return self._wsgi.handle_request(request)


class Description:
    """The API's OpenAPI document, against which answers are held."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self.schema = from_dict(document())
        self.checked: list[str] = []

    def check(self, response: httpx.Response) -> None:
        response.read()
        request = response.request
        operation = self.schema.find_operation_by_path(request.method, request.url.path)
        if operation is not None:
            operation.validate_response(response)
            self.checked.append(operation.label)


def key_with(*scopes: Scope, limit: str = UNLIMITED) -> str:
    """A fresh key to the API of the current app."""
    return api_keys.create(NewKey("a program", scopes, limit=limit), None).secret


def program(app: Flask, key: str, description: Description) -> Client:
    """A client that holds a key."""
    client = Client(URL, key, Wire(app))
    client.http.event_hooks = {"response": [description.check]}
    return client


@pytest.fixture
def description(app: Flask) -> Description:
    return Description(app)


@pytest.fixture
def client(app: Flask, description: Description) -> Iterator[Client]:
    """A program that may do everything."""
    with program(app, key_with(Scope.ADMIN), description) as made:
        yield made
