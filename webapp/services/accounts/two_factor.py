"""The second factor: time-based codes (RFC 6238), and recovery codes for a lost phone."""

from __future__ import annotations

import secrets
from textwrap import wrap
from uuid import UUID, uuid4

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.crypto.vault import Place
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Account, RecoveryCode, now
from webapp.db.transactions import unit_of_work
from webapp.errors.accounts import WrongCode
from webapp.services import audit
from webapp.services.accounts import accounts

RECOVERY_CODES = 10
RECOVERY_BYTES = 10
GROUP = 5
STEPS_EITHER_WAY = 1
ISSUER = "Siamese Faces"


def new_secret() -> str:
    """Return a secret to share with a phone."""
    return pyotp.random_base32()


def address_of(secret: str, username: str) -> str:
    """Return the otpauth URI for the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def switch_on(
    account_id: UUID, secret: str, code: str, actor: Actor, here: UUID | None = None
) -> tuple[str, ...]:
    """Require codes from now on, after the phone has proved that it generates them.

    The account's other sessions end.

    Returns:
        The recovery codes; they are shown once.

    Raises:
        WrongCode: if the code does not belong to the secret.
    """
    step = _step_of(secret, code)
    if step is None:
        raise WrongCode
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    with unit_of_work() as session:
        account = session.get_one(Account, account_id)
        account.totp = key_store().secrets.seal(secret.encode(), _place(account_id))
        account.totp_step = step
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        session.add_all(
            RecoveryCode(id=uuid4(), account_id=account_id, digest=_digest(one)) for one in codes
        )
        accounts.sign_out_elsewhere(session, account_id, here)
        audit.record(session, "second_factor_on", actor)
    return codes


def switch_off(account_id: UUID, actor: Actor, here: UUID | None = None) -> None:
    """Stop requiring codes; the account's other sessions end."""
    with unit_of_work() as session:
        session.get_one(Account, account_id).totp = None
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        accounts.sign_out_elsewhere(session, account_id, here)
        audit.record(session, "second_factor_off", actor)


def accept(session: Session, account: Account, code: str) -> bool:
    """Return whether a code belongs to the account, and consume it in the running transaction."""
    if account.totp is None:
        return False
    secret = key_store().secrets.open(account.totp, _place(account.id)).decode()
    step = _step_of(secret, code)
    if step is not None and step > account.totp_step:
        account.totp_step = step
        return True
    return _use_up(session, account.id, code)


def recovery_codes_left(account_id: UUID) -> int:
    """Return the number of unused recovery codes."""
    of_account = select(func.count()).where(RecoveryCode.account_id == account_id)
    return db.session.scalar(of_account) or 0


def _new_recovery_code() -> str:
    """Return a code in groups, which people copy with fewer mistakes."""
    return "-".join(wrap(secrets.token_hex(RECOVERY_BYTES), GROUP))


def _use_up(session: Session, account_id: UUID, code: str) -> bool:
    left = delete(RecoveryCode).where(
        RecoveryCode.account_id == account_id, RecoveryCode.digest == _digest(code)
    )
    return session.scalar(left.returning(RecoveryCode.id)) is not None


def _step_of(secret: str, code: str) -> int | None:
    """Return the time step of a code, at most STEPS_EITHER_WAY from now; None if there is none."""
    totp = pyotp.TOTP(secret)
    this_step = int(now().timestamp()) // totp.interval
    for step in range(this_step - STEPS_EITHER_WAY, this_step + STEPS_EITHER_WAY + 1):
        if secrets.compare_digest(totp.generate_otp(step), _digits(code)):
            return step
    return None


def _digits(code: str) -> str:
    return "".join(character for character in code if character in "0123456789")


def _digest(code: str) -> bytes:
    plain = "".join(code.lower().split()).replace("-", "")
    return key_store().secrets.keyed_digest("recovery code", plain)


def _place(account_id: UUID) -> Place:
    return Place("account", account_id, "totp")
