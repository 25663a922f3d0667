"""Create, change and delete accounts, and issue the one-time set-up link."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.text import comparison_key, normalize_name
from webapp.db.engine import db
from webapp.db.models import (
    Account,
    AccountSession,
    PendingSignIn,
    RecoveryCode,
    Role,
    SetupToken,
    now,
)
from webapp.db.transactions import one_transaction, unit_of_work
from webapp.errors.accounts import (
    DuplicateUsername,
    LastAdministrator,
    SetupFinished,
    WrongCredentials,
    WrongSetupLink,
)
from webapp.services import audit
from webapp.services.accounts import api_keys
from webapp.services.accounts.passwords import check_uncommon, hasher
from webapp.services.accounts.sign_in_limits import forget_browsers, name_digest
from webapp.services.liveness import setting
from webapp.services.matching import lockout
from webapp.settings import current_settings

TOKEN_BYTES = 32


def any_account() -> bool:
    """Return whether any account exists."""
    return bool(db.session.scalar(select(exists().where(Account.id.is_not(None)))))


def list_accounts() -> Sequence[Account]:
    """Return all accounts, by name."""
    return db.session.scalars(select(Account).order_by(Account.username_key)).all()


def new_setup_token() -> str | None:
    """Issue a one-time set-up token that replaces older ones; None once an account exists."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    lifetime = timedelta(hours=current_settings().setup_hours)
    with unit_of_work() as session:
        if any_account():
            return None
        session.execute(delete(SetupToken))
        session.add(SetupToken(id=uuid4(), digest=_digest(token), expires_at=now() + lifetime))
    return token


def check_setup_token(token: str) -> None:
    """Check that a set-up link is valid.

    Raises:
        SetupFinished: if an account exists.
        WrongSetupLink: if it is not the newest link, or has expired.
    """
    if any_account():
        raise SetupFinished
    newest = db.session.scalar(select(SetupToken))
    if newest is None or newest.expires_at < now():
        raise WrongSetupLink
    if not hmac.compare_digest(newest.digest, _digest(token)):
        raise WrongSetupLink


def finish_setup(
    token: str, username: str, password: str, why_movements: str, actor: Actor
) -> UUID:
    """Create the first account, an administrator, and consume the set-up link.

    Liveness challenges are required from then on; `why_movements` is the recorded reason.

    Raises:
        SetupFinished, WrongSetupLink: as `check_setup_token`.
        PasswordTooCommon: if the password is among those that attackers try first.
    """
    with one_transaction():
        with unit_of_work() as session:
            check_setup_token(token)
            account = _add_account(session, username, password, Role.ADMIN)
            session.execute(delete(SetupToken))
            owner = replace(actor, account=account)
            audit.record(session, "setup_finished", owner)
        setting.change(setting.INITIAL_SETTING, why_movements, owner)
    return account


def create_account(username: str, password: str, role: Role, actor: Actor) -> UUID:
    """Create an account, and return its id.

    Raises:
        DuplicateUsername: if the name is taken.
        PasswordTooCommon: if the password is among those that attackers try first.
    """
    with unit_of_work() as session:
        account = _add_account(session, username, password, role)
        audit.record(session, "account_created", actor, subject=account, role=role)
    return account


def change_password(username: str, password: str, actor: Actor, device: str | None = None) -> None:
    """Set a new password, and sign the account out everywhere.

    Resets the account's lockout counters, and forgets its known browsers except that of the device
    cookie `device`.

    Raises:
        WrongCredentials: if there is no account of that name.
        PasswordTooCommon: if the password is among those that attackers try first.
    """
    check_uncommon(password, username)
    with unit_of_work() as session:
        account = account_named(username)
        account.password_hash = _hash(password)
        sign_out_everywhere(session, account.id, known_still=device)
        lockout.forget(session, name_digest(username))
        audit.record(session, "password_changed", actor, subject=account.id)


def delete_account(username: str, actor: Actor) -> None:
    """Delete an account, its sessions and recovery codes, and revoke the API keys that it created.

    The audit log keeps its actions by id.

    Raises:
        WrongCredentials: if there is no account of that name.
        LastAdministrator: if it is the only administrator.
    """
    with unit_of_work() as session:
        account = account_named(username)
        administrators = select(func.count()).where(Account.role == Role.ADMIN)
        if account.role == Role.ADMIN and session.scalar(administrators) == 1:
            raise LastAdministrator
        lockout.forget(session, name_digest(username))
        api_keys.revoke_made_by(session, account.id, actor)
        audit.record(session, "account_deleted", actor, subject=account.id)
        session.execute(delete(Account).where(Account.id == account.id))


def unlock(username: str, actor: Actor) -> None:
    """End the lockout of an account.

    Raises:
        WrongCredentials: if there is no account of that name.
    """
    with unit_of_work() as session:
        account = account_named(username)
        lockout.forget(session, name_digest(username))
        audit.record(session, "account_unlocked", actor, subject=account.id)


def reset_second_factor(username: str, actor: Actor) -> None:
    """Remove an account's second factor and recovery codes, and sign it out everywhere.

    Raises:
        WrongCredentials: if there is no account of that name.
    """
    with unit_of_work() as session:
        account = account_named(username)
        account.totp = None
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
        sign_out_everywhere(session, account.id)
        audit.record(session, "second_factor_reset", actor, subject=account.id)


def account_named(username: str) -> Account:
    """Return the account of a name.

    Raises:
        WrongCredentials: if there is no account of that name.
    """
    account = find_named(username)
    if account is None:
        raise WrongCredentials
    return account


def find_named(username: str) -> Account | None:
    """Return the account of a name; None if there is none."""
    return db.session.scalar(
        select(Account).where(Account.username_key == comparison_key(username))
    )


def sign_out_everywhere(session: Session, account_id: UUID, known_still: str | None = None) -> None:
    """End all sessions and pending sign-ins of an account in the running transaction.

    Forgets the account's known browsers except that of the device cookie `known_still`.
    """
    for kind in (AccountSession, PendingSignIn):
        session.execute(delete(kind).where(kind.account_id == account_id))
    forget_browsers(session, account_id, but=known_still)


def sign_out_elsewhere(session: Session, account_id: UUID, here: UUID | None) -> None:
    """End pending sign-ins and all sessions except `here`, in the running transaction.

    For changes of the account's factors: sign-ins begun with former ones must not succeed. If
    `here` is None, a command on the server made the change, and sessions stay.
    """
    session.execute(delete(PendingSignIn).where(PendingSignIn.account_id == account_id))
    if here:
        others = AccountSession.account_id == account_id, AccountSession.id != here
        session.execute(delete(AccountSession).where(*others))


def _add_account(session: Session, username: str, password: str, role: Role) -> UUID:
    check_uncommon(password, username)
    account = Account(
        id=uuid4(),
        username=normalize_name(username),
        username_key=comparison_key(username),
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
    return hasher(current_settings().password_cost).hash(password)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
