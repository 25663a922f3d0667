"""Passwords: argon2id, at the cost that the settings name."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.config import PasswordCost

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256


@cache
def hasher(cost: PasswordCost) -> PasswordHasher:
    """Hashes and checks at a cost."""
    return PasswordHasher(
        time_cost=cost.time_cost, memory_cost=cost.memory_kib, parallelism=cost.parallelism
    )


@cache
def nobodys_hash(cost: PasswordCost) -> str:
    """A hash that stands in where there is no account, so that refusing takes as long."""
    return hasher(cost).hash("nobody's password")


def fits(password_hash: str, password: str, cost: PasswordCost) -> bool:
    """Whether a password belongs to a hash."""
    try:
        return hasher(cost).verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
