"""Typed dataclasses from TOML tables, with helpful errors for wrong keys and values."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class ConfigError(ValueError):
    """A configuration is wrong; the text names the key and the values known or expected."""


def from_table(kind: type[T], table: dict[str, Any], place: str = "") -> T:
    """Create a dataclass, and nested dataclasses, from a table.

    Args:
        kind: a dataclass with types from: str, int, float, bool, Literal, dict, dataclasses,
            `X | None`, and tuples of any one of these.
        table: keys and values as parsed from TOML.
        place: path of the table for error messages: "network", "augmentation[2]".

    Raises:
        ConfigError: if a key is unknown or missing, or a value has the wrong type or range.
    """
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise ConfigError(_unknown(key, list(known), place))
    hints = get_type_hints(kind)
    for name, field in known.items():
        if name not in table and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(f"{_path(place, name)} is missing")
    values = {key: _value(hints[key], value, _path(place, key)) for key, value in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}" if place else str(error)) from error


def _value(hint: Any, value: Any, place: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        _require(isinstance(value, dict), "a table", value, place)
        return from_table(hint, value, place)
    origin = get_origin(hint)
    if origin is types.UnionType:
        return _value(get_args(hint)[0], value, place)
    if origin is tuple:
        _require(isinstance(value, list), "a list", value, place)
        item = get_args(hint)[0]
        return tuple(_value(item, one, f"{place}[{n}]") for n, one in enumerate(value, start=1))
    if origin is Literal:
        allowed = get_args(hint)
        _require(value in allowed, f"one of {', '.join(allowed)}", value, place)
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    plain = origin or hint
    right = isinstance(value, plain) and (plain is bool or not isinstance(value, bool))
    _require(right, f"a value of type {plain.__name__}", value, place)
    return value


def _unknown(key: str, known: list[str], place: str) -> str:
    close = get_close_matches(key, known, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"unknown key {_path(place, key)}{hint} Known here: {', '.join(known)}"


def _path(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _require(right: bool, expected: str, value: Any, place: str) -> None:
    if not right:
        raise ConfigError(f"{place} must be {expected}, not {value!r}")
