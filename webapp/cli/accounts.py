"""Commands for accounts, from the server: `flask --app wsgi account NAME`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from webapp.db.models import Role
from webapp.errors.accounts import (
    DuplicateUsername,
    LastAdministrator,
    PasswordTooCommon,
    WrongCredentials,
)
from webapp.services.accounts import accounts
from webapp.services.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD

account_commands = AppGroup("account", help="Create accounts, and help those who are locked out.")


def _refuse(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError(
            "A password on the command line is shown to everybody on this machine. Leave it out: "
            "it is asked for, or read from standard input."
        )


# Scripts of earlier releases are told what to do.
no_password_option = click.option("--password", hidden=True, expose_value=False, callback=_refuse)


def _read_password() -> str:
    """Ask at a terminal, twice and unseen; from a script read a line of standard input."""
    stdin = sys.stdin
    if stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = stdin.readline().rstrip("\r\n")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise click.UsageError(
            f"The password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        )
    return password


@contextmanager
def _explained(username: str) -> Iterator[None]:
    try:
        yield
    except WrongCredentials as error:
        raise click.ClickException(f"there is no account {username!r}") from error
    except DuplicateUsername as error:
        raise click.ClickException(f"there is an account {username!r} already") from error
    except LastAdministrator as error:
        raise click.ClickException(
            "the last administrator stays; make another one first"
        ) from error
    except PasswordTooCommon as error:
        raise click.ClickException(
            "this password is among the first that are tried; choose several words"
        ) from error


@account_commands.command("create")
@click.argument("username")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@no_password_option
def create(username: str, role: str) -> None:
    """Create an account; the password is asked for, or read from standard input."""
    password = _read_password()
    with _explained(username):
        accounts.create_account(username, password, Role(role))
    click.echo(f"{username} may sign in.")


@account_commands.command("password")
@click.argument("username")
@no_password_option
def password(username: str) -> None:
    """Set a new password, read as by `create`, and sign the account out everywhere."""
    new = _read_password()
    with _explained(username):
        accounts.change_password(username, new)
    click.echo(f"The password of {username} is changed.")


@account_commands.command("delete")
@click.argument("username")
def delete(username: str) -> None:
    """Delete an account: it is signed out and its keys to the API end, at once."""
    with _explained(username):
        accounts.delete_account(username)
    click.echo(f"{username} is no account any more.")


@account_commands.command("unlock")
@click.argument("username")
def unlock(username: str) -> None:
    """Let an account try to sign in again at once, after failures in a row."""
    with _explained(username):
        accounts.unlock(username)
    click.echo(f"{username} may try again.")


@account_commands.command("reset-code")
@click.argument("username")
def reset_code(username: str) -> None:
    """Take the second factor away from an account whose phone is lost; sign it out everywhere."""
    with _explained(username):
        accounts.reset_second_factor(username)
    click.echo(f"{username} signs in by password alone now.")


@account_commands.command("list")
def list_accounts() -> None:
    """Show the accounts."""
    for account in accounts.list_accounts():
        factor = "with codes" if account.totp else ""
        click.echo("  ".join(filter(None, (account.username, account.role, factor))))
