"""The API's description: OpenAPI for programs, a reference page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from webapp.api.problems import API_PATH
from webapp.messages import all_codes
from webapp.web.access import public

blueprint = Blueprint("api_reference", __name__)
DOCUMENT = "api document"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class FieldRow:
    """A field or parameter as the page shows it."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True)
class Body:
    """A request or response body in one media type."""

    media_type: str
    rows: tuple[FieldRow, ...]


@dataclass(frozen=True)
class Call:
    """An operation of the API."""

    method: str
    path: str
    part: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    parameters: tuple[FieldRow, ...]
    bodies: tuple[Body, ...]
    answers: tuple[tuple[str, Body], ...]


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description; generated once for each app."""
    made: dict[str, Any] | None = current_app.extensions.get(DOCUMENT)
    if made is None:
        made = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
        current_app.extensions[DOCUMENT] = made
    return made


@blueprint.get(f"{API_PATH}/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """Return the description; behind a path prefix, it names that prefix as its server."""
    below = {"servers": [{"url": request.script_root}]} if request.script_root else {}
    return jsonify(document() | below)


@blueprint.get("/api/docs")
@public
def page() -> str:
    """Context: calls (Call, in the order of the parts), codes (code and words)."""
    return render_template(
        "api/reference.html", calls=tuple(calls(document())), codes=all_codes(), base=API_PATH
    )


def calls(description: Mapping[str, Any]) -> Iterator[Call]:
    """Yield every operation of the API."""
    reader = _Reader(description)
    for path, item in description["paths"].items():
        for method in METHODS:
            if method in item:
                yield reader.call(method, path, item[method], item.get("parameters", []))


@dataclass(frozen=True)
class _Reader:
    description: Mapping[str, Any]

    def call(self, method: str, path: str, operation: Any, shared: Any) -> Call:
        return Call(
            method=method.upper(),
            path=path,
            part=operation["tags"][0],
            summary=operation["summary"],
            description=operation.get("description", ""),
            scopes=tuple(scope for needed in operation["security"] for scope in needed["key"]),
            parameters=tuple(self._parameter(one) for one in self._parameters(operation, shared)),
            bodies=tuple(self._bodies(operation.get("requestBody", {}))),
            answers=tuple(self._answers(operation["responses"])),
        )

    def _parameters(self, operation: Any, shared: Any) -> list[Any]:
        return [self._resolved(one) for one in [*shared, *operation.get("parameters", [])]]

    def _parameter(self, parameter: Any) -> FieldRow:
        return FieldRow(
            parameter["name"],
            _kind(parameter.get("schema", {})),
            parameter.get("required", False),
            parameter.get("description", ""),
        )

    def _bodies(self, content: Any) -> Iterator[Body]:
        for media_type, body in content.get("content", {}).items():
            yield Body(media_type, tuple(self._rows(body.get("schema", {}))))

    def _answers(self, responses: Any) -> Iterator[tuple[str, Body]]:
        for status, response in responses.items():
            for body in self._bodies(response) if status.startswith("2") else ():
                yield status, body

    def _rows(self, schema: Any) -> Iterator[FieldRow]:
        resolved = self._resolved(schema)
        for name, field in resolved.get("properties", {}).items():
            required = name in resolved.get("required", [])
            yield FieldRow(name, _kind(field), required, field.get("description", ""))

    def _resolved(self, part: Any) -> Any:
        if "$ref" not in part:
            return part
        found: Any = self.description
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found


def _kind(schema: Mapping[str, Any]) -> str:
    """Return a short name for the type of a field."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    kinds = schema.get("type", "object")
    words = " | ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if "items" in schema:
        return f"{words} of {_kind(schema['items'])}"
    return f"{words}, {schema['format']}" if "format" in schema else words
