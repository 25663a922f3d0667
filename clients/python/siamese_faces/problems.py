"""Errors of the API, as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """The API refused a request.

    Attributes:
        status: the HTTP status.
        code: a stable code, such as `duplicate_identifier`.
        detail: a text for people.
        more: further facts: `errors` by field, `pictures` with a code each, `seconds` to wait.
    """

    def __init__(self, status: int, code: str, detail: str, more: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.more = status, code, detail, more


class Unanswered(Problem):
    """A proxy lost its connection to the app; the request may have been carried out or not."""
