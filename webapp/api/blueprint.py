"""What every part of the API shares: keys, strict parsing, problems, repeated requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any
from uuid import UUID

import flask_smorest
from flask import Response, request
from flask.typing import ResponseReturnValue
from flask_smorest.fields import Upload
from marshmallow import Schema, fields

from ml import FaceError
from webapp import access, problems
from webapp.api.parsing import FORM, Parser, Picture
from webapp.errors import InvalidRequest, ServiceError
from webapp.extensions import csrf
from webapp.key_access import current_key
from webapp.models import Scope
from webapp.services import repetitions
from webapp.services.repetitions import Answer, Request

View = Callable[..., Any]
Decorator = Callable[[View], View]
HEADER = "Idempotency-Key"
LONGEST_NAME = 255
REPEATED = "Idempotency-Replayed"


class Blueprint(flask_smorest.Blueprint):
    """A part of the API, below `/api/v1`."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, title: str) -> None:
        super().__init__(f"api_{name}", __name__, url_prefix=problems.API_PATH)
        self.title = title
        self.register_error_handler(ServiceError, problems.of_service)
        self.register_error_handler(FaceError, problems.of_picture)
        csrf.exempt(self)  # no cookie opens the API, so none can be abused

    def call(self, rule: str, method: str = "GET", *scopes: Scope) -> Decorator:
        """Serve a view; a key needs all of the scopes, and without any the view is public."""

        def serve(view: View) -> View:
            state = access.key_with(*scopes) if scopes else access.public
            security = [{"key": sorted(scopes)}] if scopes else []
            operation = f"{self.name.removeprefix('api_')}_{view.__name__}"
            stated = state(self.doc(security=security, operationId=operation)(view))
            return self.route(rule, methods=[method], tags=[self.title])(stated)

        return serve

    def takes(self, schema: type[Schema]) -> Decorator:
        """Parse a body that is JSON, or a form with files in place of base64."""

        def parse(view: View) -> View:
            body = {
                "required": True,
                "content": {
                    "application/json": {"schema": schema},
                    FORM: {"schema": _as_form(schema)},
                },
            }
            parsed = self.ARGUMENTS_PARSER.use_args(schema(), location="body")(view)
            return self.doc(requestBody=body)(parsed)

        return parse

    def repeatable(self, tells_of: Callable[[dict[str, Any]], str | None]) -> Decorator:
        """Answer a request with a known idempotency key as it was answered before.

        `tells_of` gives the id of the person that an answer tells of: it goes with them.
        """

        def repeat(view: View) -> View:
            @wraps(view)
            def answer(*args: Any, **kwargs: Any) -> ResponseReturnValue:
                name = request.headers.get(HEADER)
                if name is None:
                    return view(*args, **kwargs)
                _check_name(name)

                made: list[Response] = []

                def work() -> Answer:
                    made.append(view(*args, **kwargs))
                    return _answer(made[0], tells_of)

                asked = Request(current_key().id, name, _content())
                remembered = repetitions.once(asked, work)
                return made[0] if made else _repeated(remembered)

            return self.doc(parameters=[_HEADER_PARAMETER])(answer)

        return repeat


_HEADER_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Any text of yours. Sent again within 24 hours, the request is answered as "
    "before and nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "pattern": "^[!-~]+$"},
}


def _check_name(name: str) -> None:
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= LONGEST_NAME):
        raise InvalidRequest({HEADER: [f"1 to {LONGEST_NAME} characters of ASCII, please."]})


def _content() -> bytes:
    """What the request asks for; the boundary of a form is not part of it."""
    parts = [request.method.encode(), request.full_path.encode()]
    if request.mimetype != FORM:
        return sha256(b"\0".join([*parts, request.get_data(cache=True)])).digest()
    for name, value in sorted(request.form.items(multi=True)):
        parts += [name.encode(), value.encode("utf-8", "surrogatepass")]
    for name, file in request.files.items(multi=True):
        parts += [name.encode(), sha256(file.read()).digest()]
        file.seek(0)
    return sha256(b"\0".join(parts)).digest()


def _answer(response: Response, tells_of: Callable[[dict[str, Any]], str | None]) -> Answer:
    body = response.get_json()
    person_id = tells_of(body)
    kept = {"location": response.headers.get("Location"), "body": body}
    return Answer(
        response.status_code, json.dumps(kept).encode(), UUID(person_id) if person_id else None
    )


def _repeated(answer: Answer) -> Response:
    kept = json.loads(answer.body)
    response = Response(json.dumps(kept["body"]), answer.status, mimetype="application/json")
    response.headers[REPEATED] = "true"
    if kept["location"]:
        response.headers["Location"] = kept["location"]
    return response


def _as_form(schema: type[Schema]) -> type[Schema]:
    """The same fields with files in place of base64, for the description."""
    files = {name: _as_files(field) for name, field in schema().fields.items() if _has_files(field)}
    return schema.from_dict(files, name=f"{schema.__name__.removesuffix('Schema')}FormSchema")


def _has_files(field: fields.Field) -> bool:
    return isinstance(field.inner if isinstance(field, fields.List) else field, Picture)


def _as_files(field: fields.Field) -> fields.Field:
    if isinstance(field, fields.List):
        return fields.List(Upload(), required=True, validate=field.validate)
    return Upload(required=True)
