from __future__ import annotations

import pyotp
import pytest
from flask import Flask

from webapp.core.actor import SERVER
from webapp.db.models import Account
from webapp.db.transactions import unit_of_work
from webapp.services.accounts import two_factor


@pytest.fixture
def secret(app: Flask, operator_id) -> str:
    """Return the secret of the operator's second factor, enabled an hour ago."""
    made = two_factor.new_secret()
    two_factor.switch_on(operator_id, made, pyotp.TOTP(made).now(), SERVER)
    with unit_of_work() as session:
        session.get_one(Account, operator_id).totp_step -= 120
    return made
