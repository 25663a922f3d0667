"""Passwords: argon2id hashing at the configured cost, and rules for new ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.core.text import comparison_key
from webapp.errors.accounts import PasswordTooCommon
from webapp.settings import PasswordCost

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
FEWEST_DIFFERENT_CHARACTERS = 5
COMMON_PASSWORDS = Path(__file__).parent / "data" / "common_passwords.txt"


@cache
def hasher(cost: PasswordCost) -> PasswordHasher:
    """Return the hasher of a cost."""
    return PasswordHasher(
        time_cost=cost.time_cost, memory_cost=cost.memory_kib, parallelism=cost.parallelism
    )


@cache
def nobodys_hash(cost: PasswordCost) -> str:
    """Return a hash to verify against for unknown accounts, so that refusal takes equally long."""
    return hasher(cost).hash("nobody's password")


def fits(password_hash: str, password: str, cost: PasswordCost) -> bool:
    """Return whether a password belongs to a hash."""
    try:
        return hasher(cost).verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def check_uncommon(password: str, username: str) -> None:
    """Check that a password is not among those that attackers try first.

    Raises:
        PasswordTooCommon: if it is a known one, has fewer than FEWEST_DIFFERENT_CHARACTERS, or is
            little more than the username.
    """
    compared, name = comparison_key(password), comparison_key(username)
    rest = compared.replace(name, "") if name else compared
    if (
        compared in _common_passwords()
        or len(set(compared)) < FEWEST_DIFFERENT_CHARACTERS
        or (rest != compared and len(rest) < SHORTEST_PASSWORD // 2)
    ):
        raise PasswordTooCommon


@cache
def _common_passwords() -> frozenset[str]:
    lines = COMMON_PASSWORDS.read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))
