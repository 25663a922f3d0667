"""Parse request bodies: JSON, or a form with files where pictures are sent; both become a dict."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request
from marshmallow import Schema, ValidationError, fields
from webargs import missing
from webargs.core import is_json
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from webapp.api.requests.base64_text import decode_base64
from webapp.core.text import is_shown, normalize_name
from webapp.errors.api import ContentCompressed, InvalidRequest, MalformedJson

FORM = "multipart/form-data"
SWITCHES = {"true": True, "false": False}
# Maximum number of values in a body, counted by commas and brackets. Base64 contains neither.
MOST_VALUES = 1_000
SHOWN_ENCODING = 40
WHOLE = re.compile("-?[0-9]{1,18}")


class Picture(fields.Field[bytes]):
    """A picture: base64 in JSON, a file in a form."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bytes:
        if isinstance(value, FileStorage):
            value.seek(0)  # a retried transaction reads it again
            return value.read()
        if not isinstance(value, str):
            raise ValidationError("Not base64 text.")
        try:
            return decode_base64(value)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Name(fields.String):
    """A name or identifier: normalised, not empty, of printable characters."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = normalize_name(super()._deserialize(value, *args, **kwargs))
        if not text:
            raise ValidationError("Empty.")
        if not is_shown(text):
            raise ValidationError("Holds characters that cannot be shown.")
        return text


class Switch(fields.Boolean):
    """A boolean; rejects values that only resemble one."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not true or false.")
        return value


class Number(fields.Float):
    """A finite number; rejects text that only resembles one."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("Not a number.")
        try:
            number = float(value)
        except OverflowError as error:
            raise ValidationError("Too large.") from error
        if not math.isfinite(number):
            raise ValidationError("Not a finite number.")
        return number


class Whole(fields.Integer):
    """An integer; rejects text that only resembles one."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Not a whole number.")
        return value


class Parser(FlaskParser):
    """Parses requests strictly: unknown fields are rejected at any depth."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {}
    __location_map__ = {**FlaskParser.__location_map__, "body": "load_body"}

    def load_body(self, request: Request, schema: Schema) -> Any:
        """Return the fields of a JSON object, or of a form with files."""
        if request.mimetype == FORM:
            _refuse_compression(request)
            return _form(request, schema)
        return self.load_json(request, schema)

    def _raw_load_json(self, request: Request) -> Any:
        _refuse_compression(request)
        body = request.get_data(cache=True)
        if not body:
            return missing
        if not is_json(request.mimetype):
            raise UnsupportedMediaType
        if body.count(b",") > MOST_VALUES:
            raise RequestEntityTooLarge
        if body.count(b"[") + body.count(b"{") > MOST_VALUES:
            raise MalformedJson
        try:
            # UTF-8, UTF-16 or UTF-32, with or without a byte order mark, as shells write files
            return json.loads(body.decode(json.detect_encoding(body)))
        except (ValueError, RecursionError) as error:
            raise MalformedJson from error

    def handle_error(self, error: ValidationError, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Reject a request with the messages by field."""
        ((_location, places),) = error.normalized_messages().items()
        raise InvalidRequest(places)


def _refuse_compression(request: Request) -> None:
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise ContentCompressed(encoding=encoding[:SHOWN_ENCODING])


def _form(request: Request, schema: Schema) -> dict[str, Any]:
    read: dict[str, list[Any]] = {}
    for part in (request.form, request.files):
        for name in part:
            read.setdefault(name, []).extend(part.getlist(name))
    return {name: _of_form(schema.fields, name, values) for name, values in read.items()}


def _of_form(known: Mapping[str, fields.Field], name: str, values: list[Any]) -> Any:
    """Return a form field's value as JSON would have it: forms contain lists of texts and files."""
    field = known.get(name)
    if isinstance(field, fields.List) or len(values) > 1:
        return values
    if isinstance(field, Switch):
        return SWITCHES.get(values[0], values[0])
    if isinstance(field, Whole) and isinstance(values[0], str) and WHOLE.fullmatch(values[0]):
        return int(values[0])
    return values[0]
