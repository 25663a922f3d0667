"""Shared by all parts of the API: keys, strict parsing, problems, idempotency."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from hashlib import sha256
from typing import Any
from uuid import UUID

import flask_smorest
from flask import Response, g, request
from flask.typing import ResponseReturnValue
from flask_smorest.fields import Upload
from marshmallow import Schema, fields

from ml import FaceError
from webapp.api import problems
from webapp.api.auth import current_key
from webapp.api.requests.parsing import FORM, Parser, Picture
from webapp.db.models import Scope
from webapp.errors.api import InvalidRequest
from webapp.errors.base import ServiceError
from webapp.extensions import csrf
from webapp.services import idempotency
from webapp.services.idempotency import Answer, Request
from webapp.web import access

View = Callable[..., Any]
Decorator = Callable[[View], View]
# Returns the person that an answer is about, from the view's result and the path's parts.
PersonOf = Callable[[Any, Mapping[str, Any]], UUID | None]
HEADER = "Idempotency-Key"
NAME = re.compile("[!-~]{1,255}")
NAME_LENGTHS = "1 to 255"
REPEATED = "Idempotency-Replayed"


class Blueprint(flask_smorest.Blueprint):
    """A part of the API below `/api/v1`."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, name: str, title: str) -> None:
        super().__init__(f"api_{name}", __name__, url_prefix=problems.API_PATH)
        self.title = title
        self.register_error_handler(ServiceError, problems.of_service)
        self.register_error_handler(FaceError, problems.of_picture)
        csrf.exempt(self)  # no cookie authenticates the API, so CSRF is impossible

    def call(self, rule: str, method: str = "GET", *scopes: Scope) -> Decorator:
        """Register a view; a key needs all of the scopes, and a view without scopes is public."""

        def serve(view: View) -> View:
            state = access.key_with(*scopes) if scopes else access.public
            view = view if _takes_query(view) else _without_query(view)
            security = [{"key": sorted(scopes)}] if scopes else []
            operation = f"{self.name.removeprefix('api_')}_{view.__name__}"
            stated = state(self.doc(security=security, operationId=operation)(view))
            return self.route(rule, methods=[method], tags=[self.title])(stated)

        return serve

    def takes(self, schema: type[Schema]) -> Decorator:
        """Parse a body that is JSON, or a form with files instead of base64."""

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

    def idempotent(self, status: int, schema: type[Schema], person_of: PersonOf) -> Decorator:
        """Serialise the answer, and replay it if the client sends the same request again.

        The idempotency key identifies the request. `person_of` returns the person that a result is
        about, or None: with the person, the recorded answer is deleted.
        """

        def repeat(view: View) -> View:
            @wraps(view)
            def recording(*args: Any, **kwargs: Any) -> Any:
                result = view(*args, **kwargs)
                body = result[0] if isinstance(result, tuple) else result
                g.answered_person = person_of(body, request.view_args or {})
                return result

            serialised = self.response(status, schema)(recording)

            @wraps(serialised)
            def answer(*args: Any, **kwargs: Any) -> ResponseReturnValue:
                name = request.headers.get(HEADER)
                if name is None:
                    return serialised(*args, **kwargs)
                if not NAME.fullmatch(name):
                    raise InvalidRequest({HEADER: [f"{NAME_LENGTHS} visible characters of ASCII."]})
                made: list[Response] = []

                def work() -> Answer:
                    made.append(serialised(*args, **kwargs))
                    return _answer(made[-1], g.pop("answered_person"))

                sent = Request(current_key().id, name, requested())
                recorded = idempotency.run_once(sent, work)
                return made[-1] if made else _replayed(recorded)

            return self.doc(parameters=[_HEADER_PARAMETER])(answer)

        return repeat


_HEADER_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": f"{NAME_LENGTHS} visible ASCII characters. A request sent again within "
    "24 hours with the same key gets the same answer, and nothing is done twice.",
    "schema": {"type": "string", "pattern": f"^{NAME.pattern}$"},
}


def _takes_query(view: View) -> bool:
    """Return whether `arguments` declares query parameters of a view."""
    described = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
    return any(one.get("in") == "query" for one in described)


def _without_query(view: View) -> View:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if request.args:
            raise InvalidRequest({name: ["Unknown field."] for name in request.args})
        return view(*args, **kwargs)

    return answer


def requested() -> bytes:
    """Return the content of the request, without the random boundary of a form."""
    parts = [[request.method, request.full_path]]
    if request.mimetype == FORM:
        parts += [["text", *field] for field in sorted(request.form.items(multi=True))]
        parts += [["file", *file] for file in _files()]
    else:
        parts.append(["body", sha256(request.get_data(cache=True)).hexdigest()])
    return json.dumps(parts).encode()


def _files() -> Iterator[tuple[str, str]]:
    for name, file in request.files.items(multi=True):
        yield name, sha256(file.read()).hexdigest()
        file.seek(0)


def _answer(response: Response, person_id: UUID | None) -> Answer:
    kept = {"location": response.headers.get("Location"), "body": response.get_json()}
    return Answer(response.status_code, json.dumps(kept).encode(), person_id)


def _replayed(answer: Answer) -> Response:
    kept = json.loads(answer.body)
    response = Response(json.dumps(kept["body"]), answer.status, mimetype="application/json")
    response.headers[REPEATED] = "true"
    if kept["location"]:
        response.headers["Location"] = kept["location"]
    return response


@cache
def _as_form(schema: type[Schema]) -> type[Schema]:
    """Return the schema with files instead of base64, for the description."""
    files = {name: _as_files(field) for name, field in schema().fields.items() if _has_files(field)}
    return schema.from_dict(files, name=f"{schema.__name__.removesuffix('Schema')}FormSchema")


def _has_files(field: fields.Field) -> bool:
    return isinstance(field.inner if isinstance(field, fields.List) else field, Picture)


def _as_files(field: fields.Field) -> fields.Field:
    if isinstance(field, fields.List):
        return fields.List(Upload(), required=True, validate=field.validate)
    return Upload(required=True)
