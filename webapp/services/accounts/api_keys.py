"""API keys for other programs: create, check, rotate, revoke."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from limits import parse_many
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.text import normalize_name
from webapp.db.deferred_writes import deferred_writes
from webapp.db.engine import db
from webapp.db.models import ApiKey, Scope, now
from webapp.db.transactions import unit_of_work
from webapp.errors.api import KeyExpired, KeyRevoked, KeyUnknown, LimitUnreadable, ScopesMissing
from webapp.services import audit

PREFIX = "sf"
SECRET_BYTES = 32

# Prepared once and run on the connection: every request runs them.
_KEY = select(ApiKey.__table__).where(ApiKey.id == bindparam("key_id"))
_USED = update(ApiKey).where(ApiKey.id == bindparam("key_id"))


@dataclass(frozen=True)
class KeyBounds:
    """Bounds of API keys.

    Attributes:
        default_days, most_days: days until a key expires.
        rotation_hours, most_rotation_hours: hours for which a rotated key stays valid.
        default_limit, most_requests, longest_window: rate limit, its maximum number of requests,
            and its longest window.
    """

    default_days: int = 365
    most_days: int = 3660
    rotation_hours: int = 24
    most_rotation_hours: int = 24 * 30
    default_limit: str = "120 per minute"
    most_requests: int = 1_000_000
    longest_window: timedelta = timedelta(days=31)


KEY_BOUNDS = KeyBounds()


@dataclass(frozen=True)
class NewKey:
    """Properties of a key to create."""

    name: str
    scopes: Collection[Scope]
    days: int = KEY_BOUNDS.default_days
    limit: str = KEY_BOUNDS.default_limit


@dataclass(frozen=True)
class MadeKey:
    """A new key with its secret, which is shown once."""

    id: UUID
    name: str
    secret: str
    expires_at: datetime


def create(new: NewKey, actor: Actor) -> MadeKey:
    """Create a key.

    Raises:
        ScopesMissing: if it has no scopes.
        LimitUnreadable: if the rate limit is invalid.
    """
    if not new.scopes:
        raise ScopesMissing
    _check_limit(new.limit)
    with unit_of_work() as session:
        key = ApiKey(
            id=uuid4(),
            name=normalize_name(new.name),
            scopes=sorted(new.scopes),
            limit=new.limit,
            created_by_id=actor.account,
            expires_at=now() + timedelta(days=new.days),
        )
        made = _with_secret(session, key)
        audit.record(session, "api_key_created", actor, subject=key.id, scopes=" ".join(key.scopes))
    return made


def rotate(key_id: UUID, actor: Actor, hours: int = KEY_BOUNDS.rotation_hours) -> MadeKey:
    """Create a successor to a key, which stays valid for `hours`.

    Raises:
        KeyUnknown: if there is no such key.
        KeyRevoked, KeyExpired: if it is no longer valid; creating a new key is a separate decision.
    """
    with unit_of_work() as session:
        old = _find(session, key_id)
        check_in_use(old)
        key = ApiKey(
            id=uuid4(),
            name=old.name,
            scopes=list(old.scopes),
            limit=old.limit,
            created_by_id=actor.account,
            expires_at=now() + (old.expires_at - old.created_at),
        )
        old.replaced_at = min(old.ends_at, now() + timedelta(hours=hours))
        made = _with_secret(session, key)
        audit.record(
            session, "api_key_rotated", actor, subject=key_id, successor=key.id, hours=hours
        )
    return made


def revoke(key_id: UUID, actor: Actor) -> None:
    """Revoke a key, effective at once: every request reads it from the database.

    Raises:
        KeyUnknown: if there is no such key.
    """
    with unit_of_work() as session:
        _revoke(session, _find(session, key_id), actor)


def revoke_made_by(session: Session, account_id: UUID, actor: Actor) -> None:
    """Revoke the keys that an account created, in the running transaction."""
    made = select(ApiKey).where(ApiKey.created_by_id == account_id, ApiKey.revoked_at.is_(None))
    for key in session.scalars(made):
        _revoke(session, key, actor)


def list_keys() -> Sequence[ApiKey]:
    """Return all keys, newest first."""
    return db.session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)).all()


def find(key_id: UUID) -> ApiKey:
    """Return the key of an id.

    Raises:
        KeyUnknown: if there is no such key.
    """
    return _find(db.session(), key_id)


def find_by_secret(secret: str) -> ApiKey:
    """Return the key with this secret, valid or not.

    Raises:
        KeyUnknown: if there is no such key.
    """
    prefix, _, rest = secret.partition("_")
    key_id, _, _ = rest.partition("_")
    row = db.session.connection().execute(_KEY, {"key_id": _uuid(key_id)}).mappings().first()
    key = ApiKey(**row) if row else None  # detached: no transaction changes it
    known = key.digest if key else bytes(32)
    right = hmac.compare_digest(known, _digest(secret))
    if key is None or not right or prefix != PREFIX:
        raise KeyUnknown
    return key


def check_in_use(key: ApiKey) -> None:
    """Check that a key is valid.

    Raises:
        KeyRevoked, KeyExpired: if it is not.
    """
    if key.revoked_at is not None:
        raise KeyRevoked
    if key.ends_at <= now():
        raise KeyExpired


def note_use(actor: Actor, route: str, status: int) -> None:
    """Queue the audit entry of a key's use, with route and status.

    Changes have entries of their own, in their transactions; this one may follow later.
    """
    used = {"key_id": actor.key, "last_used_at": now()}
    add_entry = audit.entry_of_read("api_used", actor, route=route, status=status)

    def write(session: Session) -> None:
        session.connection().execute(_USED, used)
        add_entry(session)

    deferred_writes().submit(write)


def _with_secret(session: Session, key: ApiKey) -> MadeKey:
    secret = f"{PREFIX}_{key.id.hex}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key.digest = _digest(secret)
    session.add(key)
    return MadeKey(key.id, key.name, secret, key.expires_at)


def _revoke(session: Session, key: ApiKey, actor: Actor) -> None:
    key.revoked_at = key.revoked_at or now()
    audit.record(session, "api_key_revoked", actor, subject=key.id)


def _find(session: Session, key_id: UUID) -> ApiKey:
    key = session.get(ApiKey, key_id)
    if key is None:
        raise KeyUnknown
    return key


def _check_limit(limit: str) -> None:
    try:
        items = parse_many(limit)
    except ValueError as error:
        raise LimitUnreadable from error
    longest = KEY_BOUNDS.longest_window / timedelta(seconds=1)
    for item in items:
        if not (1 <= item.amount <= KEY_BOUNDS.most_requests and 1 <= item.get_expiry() <= longest):
            raise LimitUnreadable


def _digest(secret: str) -> bytes:
    """Return the plain digest: a random secret cannot be guessed, so it needs no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _uuid(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        return UUID(int=0)
