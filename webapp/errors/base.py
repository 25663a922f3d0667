"""What every error of a service has.

An error is raised where its reason is known. `webapp.messages` turns its code into words, and
`webapp.api.problems` into JSON. Reasons against a picture are `ml.FaceError`.
"""

from __future__ import annotations


class ServiceError(Exception):
    """A request cannot be served.

    Attributes:
        code: stable name of the reason.
        details: facts for the words of the code, by name.
    """

    code = "failed"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code)
        self.details = details


class ExplainedError(ServiceError):
    """A command of an operator cannot be done; the text says why and what to do next."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.args = (why,)
