"""Accounts: made, found, signed in, and the one-time link to the first of them."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.database import unit_of_work
from webapp.errors import DuplicateUsername, SetupFinished, WrongCredentials, WrongSetupLink
from webapp.extensions import db
from webapp.logs import record_event
from webapp.models import Account, Role, SetupToken, now
from webapp.recognition import recognition
from webapp.services.names import comparable, tidy
from webapp.services.passwords import fits, hasher, nobodys_hash

TOKEN_BYTES = 32


def any_account() -> bool:
    """Whether the app has been set up."""
    return bool(db.session.scalar(select(exists().where(Account.id.is_not(None)))))


def new_setup_token() -> str | None:
    """Make a one-time token in place of older ones; None once there is an account."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    lifetime = timedelta(hours=recognition().settings.setup_hours)
    with unit_of_work() as session:
        if any_account():
            return None
        session.execute(delete(SetupToken))
        session.add(SetupToken(id=uuid4(), digest=_digest(token), expires_at=now() + lifetime))
    return token


def check_setup_token(token: str) -> None:
    """Check that a set-up link works.

    Raises:
        SetupFinished: if there is an account already.
        WrongSetupLink: if it is not the newest link, or too old.
    """
    if any_account():
        raise SetupFinished
    newest = db.session.scalar(select(SetupToken))
    if newest is None or newest.expires_at < now():
        raise WrongSetupLink
    if not hmac.compare_digest(newest.digest, _digest(token)):
        raise WrongSetupLink


def finish_setup(token: str, username: str, password: str) -> UUID:
    """Create the first account, an administrator, and use the link up.

    Raises:
        SetupFinished, WrongSetupLink: as `check_setup_token`.
    """
    with unit_of_work() as session:
        check_setup_token(token)
        account = _add_account(session, username, password, Role.ADMIN)
        session.execute(delete(SetupToken))
    record_event("setup_finished", account=account)
    return account


def create_account(username: str, password: str, role: Role) -> UUID:
    """Create an account.

    Raises:
        DuplicateUsername: if the name is taken.
    """
    with unit_of_work() as session:
        account = _add_account(session, username, password, role)
    record_event("account_created", account=account, role=role)
    return account


def sign_in(username: str, password: str) -> Account:
    """Find the account that a name and a password belong to.

    Raises:
        WrongCredentials: if there is none; it takes as long for an unknown name.
    """
    cost = recognition().settings.password_cost
    account = _by_name(username)
    password_hash = account.password_hash if account else nobodys_hash(cost)
    if not fits(password_hash, password, cost) or account is None:
        record_event("sign_in_refused")
        raise WrongCredentials
    record_event("signed_in", account=account.id)
    return account


def change_password(username: str, password: str) -> None:
    """Set a new password and sign the account out everywhere.

    Raises:
        WrongCredentials: if there is no account of that name.
    """
    with unit_of_work():
        account = _by_name(username)
        if account is None:
            raise WrongCredentials
        account.password_hash = _hash(password)
        account.session_number += 1
        account_id = account.id
    record_event("password_changed", account=account_id)


def of_session(session_id: str) -> Account | None:
    """The account whose session says so, unless it was signed out everywhere since."""
    id_text, _, number = session_id.partition(":")
    try:
        account = db.session.get(Account, UUID(id_text))
    except ValueError:
        return None
    return account if account and str(account.session_number) == number else None


def _by_name(username: str) -> Account | None:
    return db.session.scalar(select(Account).where(Account.username_key == comparable(username)))


def _add_account(session: Session, username: str, password: str, role: Role) -> UUID:
    account = Account(
        id=uuid4(),
        username=tidy(username),
        username_key=comparable(username),
        password_hash=_hash(password),
        role=role,
    )
    session.add(account)
    try:
        session.flush()
    except IntegrityError as error:
        raise DuplicateUsername from error
    return account.id


def _hash(password: str) -> str:
    return hasher(recognition().settings.password_cost).hash(password)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
