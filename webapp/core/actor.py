"""The actor of a request: an account or an API key, at an address."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """The actor of a request, passed to every service that counts, limits or records it.

    Attributes:
        account: the signed-in account; None for an API key, and for anybody not signed in.
        key: the API key; None for people.
        address: the client's address; None for background work and the command line.
    """

    account: UUID | None = None
    key: UUID | None = None
    address: str | None = None


# The server's own work, and that of the operator at its command line.
SERVER = Actor()
