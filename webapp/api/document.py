"""The OpenAPI description, generated from the code by an extension."""

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
EXPLAINED = """Enrol, verify and manage people from other programs, by the same rules as the pages.

Send a key with each request: `Authorization: Bearer sf_…`. Pictures are JPEG, PNG or WebP: files
of a form, or base64 in JSON. Errors are problem details (RFC 9457)."""
PARTS = (people, faces, challenges, thresholds, attempts, health)


class Api(flask_smorest.Api):
    """Describes problems by our schema, and leaves error handling to the app."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "DEFAULT_ERROR"

    def _register_error_handlers(self) -> None:
        """Do nothing: the app has its own handlers."""

    def _register_responses(self) -> None:
        named = {status.name: status.phrase for status in HTTPStatus if status >= 400}
        for name, phrase in {**named, "DEFAULT_ERROR": "A problem"}.items():
            response = {"description": phrase, "schema": ProblemSchema}
            prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(name, response, lazy=True)


def add_api(app: Flask, origins: tuple[str, ...]) -> None:
    """Serve the API and its description; browsers may use it from `origins` only."""
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
    # after_request hooks run in reverse, so CORS headers reach every response.
    if origins:
        CORS(
            app,
            resources={f"{API_PATH}/*": {"origins": list(origins)}},
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=["Location", "Retry-After", "Idempotency-Replayed", "X-Request-ID"],
            max_age=600,
        )
    keep_uses(app)
