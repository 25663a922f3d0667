"""Base classes of the service errors.

A service raises an error with a stable code. `webapp.messages` maps the code to a text, and
`webapp.api.problems` to JSON. Errors of a single photo are `ml.FaceError`.
"""

from __future__ import annotations


class ServiceError(Exception):
    """A service rejected a request.

    Attributes:
        code: stable name of the reason.
        details: values for the text of the code, by name.
    """

    code = "failed"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code)
        self.details = details


class ExplainedError(ServiceError):
    """An operator's command failed; the message gives the reason and the next step."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.args = (why,)
