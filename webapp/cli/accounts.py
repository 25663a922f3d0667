"""Commands for accounts: `flask --app wsgi account NAME`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from webapp.core.actor import SERVER
from webapp.db.models import Role
from webapp.errors.accounts import (
    DuplicateUsername,
    LastAdministrator,
    PasswordTooCommon,
    WrongCredentials,
)
from webapp.services.accounts import accounts
from webapp.services.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD

account_commands = AppGroup("account", help="Create, unlock and delete accounts.")


def _refuse_password(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> None:
    if value is not None:
        raise click.UsageError(
            "Every user of this machine can see a password on the command line. Leave it out: the "
            "command prompts for it, or reads it from standard input."
        )


# Scripts of earlier releases get the remedy.
no_password_option = click.option(
    "--password", hidden=True, expose_value=False, callback=_refuse_password
)


def _read_password() -> str:
    """Prompt twice at a terminal, without echo; in a script read a line of standard input."""
    stdin = sys.stdin
    if stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = stdin.readline().rstrip("\r\n")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise click.UsageError(
            f"A password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        )
    return password


@contextmanager
def _explained(username: str) -> Iterator[None]:
    try:
        yield
    except WrongCredentials as error:
        raise click.ClickException(
            f"Account {username!r} does not exist. Run: flask --app wsgi account list"
        ) from error
    except DuplicateUsername as error:
        raise click.ClickException(
            f"Account {username!r} already exists. Choose another name."
        ) from error
    except LastAdministrator as error:
        raise click.ClickException(
            "The last administrator cannot be deleted. Create another one first."
        ) from error
    except PasswordTooCommon as error:
        raise click.ClickException(
            "This password is on the list of common passwords. Choose several words."
        ) from error


@account_commands.command("create")
@click.argument("username")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@no_password_option
def create(username: str, role: str) -> None:
    """Create an account; prompt for the password, or read it from standard input."""
    password = _read_password()
    with _explained(username):
        accounts.create_account(username, password, Role(role), SERVER)
    click.echo(f"Account {username} created.")


@account_commands.command("password")
@click.argument("username")
@no_password_option
def password(username: str) -> None:
    """Set a new password, read as in `create`, and sign the account out everywhere."""
    new = _read_password()
    with _explained(username):
        accounts.change_password(username, new, SERVER)
    click.echo(f"Password of {username} changed.")


@account_commands.command("delete")
@click.argument("username")
def delete(username: str) -> None:
    """Delete an account, its sessions and its API keys."""
    with _explained(username):
        accounts.delete_account(username, SERVER)
    click.echo(f"Account {username} deleted.")


@account_commands.command("unlock")
@click.argument("username")
def unlock(username: str) -> None:
    """End the lockout of an account."""
    with _explained(username):
        accounts.unlock(username, SERVER)
    click.echo(f"Account {username} unlocked.")


@account_commands.command("reset-code")
@click.argument("username")
def reset_code(username: str) -> None:
    """Remove the second factor of an account whose phone is lost, and sign it out everywhere."""
    with _explained(username):
        accounts.reset_second_factor(username, SERVER)
    click.echo(f"Second factor of {username} removed; the password alone is enough now.")


@account_commands.command("list")
def list_accounts() -> None:
    """List the accounts with role and second factor."""
    for account in accounts.list_accounts():
        factor = "with codes" if account.totp else ""
        click.echo("  ".join(filter(None, (account.username, account.role, factor))))
