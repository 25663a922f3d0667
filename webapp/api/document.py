"""The API's description, made from its code, and the extension that makes it."""

from __future__ import annotations

from http import HTTPStatus

import flask_smorest
from flask import Flask
from flask_cors import CORS
from flask_smorest.utils import prepare_response

from webapp.api import attempts, challenges, faces, health, people, reference, thresholds
from webapp.api.auth import keep_uses
from webapp.api.problems import API_PATH, MEDIA_TYPE
from webapp.api.requests.parsing import Picture
from webapp.api.schemas.problems import ProblemSchema

VERSION = "1.0.0"
EXPLAINED = """Faces are enrolled, verified and looked after by other programs as by the pages.

Each request names a key in its header: `Authorization: Bearer sf_…`. Pictures are JPEG, PNG or
WebP: files of a form, or base64 in JSON. What cannot be done is answered by a problem, RFC 9457."""
PARTS = (people, faces, challenges, thresholds, attempts, health)


class Api(flask_smorest.Api):
    """Describes problems as we answer them, and leaves errors to the app."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "DEFAULT_ERROR"

    def _register_error_handlers(self) -> None:
        """The app has handlers of its own."""

    def _register_responses(self) -> None:
        named = {status.name: status.phrase for status in HTTPStatus if status >= 400}
        for name, phrase in {**named, "DEFAULT_ERROR": "A problem"}.items():
            response = {"description": phrase, "schema": ProblemSchema}
            prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(name, response, lazy=True)


def add_api(app: Flask, origins: tuple[str, ...]) -> None:
    """Serve the API, its description and its page; browsers reach it from `origins` only."""
    api = Api(
        app,
        spec_kwargs={
            "title": "Siamese Faces",
            "version": VERSION,
            "openapi_version": "3.1.0",
            "info": {"description": EXPLAINED},
        },
    )
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    api.register_field(Picture, "string", "byte")
    for part in PARTS:
        api.register_blueprint(part.blueprint)
    app.register_blueprint(reference.blueprint)
    # What runs after a request runs in turn, the last one first: CORS marks every answer.
    if origins:
        CORS(
            app,
            resources={f"{API_PATH}/*": {"origins": list(origins)}},
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Location", "Retry-After", "Idempotency-Replayed", "X-Request-ID"],
            max_age=600,
        )
    keep_uses(app)
