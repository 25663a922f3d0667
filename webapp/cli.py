"""Commands for whoever runs the server: `flask --app wsgi NAME`."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from webapp.certificate import local_address, make_certificate
from webapp.errors import DuplicateUsername, WrongCredentials
from webapp.job_commands import job_commands
from webapp.model_commands import model_commands
from webapp.models import Role
from webapp.recognition import recognition
from webapp.services import accounts
from webapp.services.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from webapp.startup import PRIVATE_FOLDER, prepare
from webapp.vault import VaultError

account_commands = AppGroup("account", help="Create accounts and set passwords.")


def add_commands(app: Flask) -> None:
    """Give the app its commands."""
    app.cli.add_command(account_commands)
    app.cli.add_command(job_commands)
    app.cli.add_command(model_commands)
    app.cli.add_command(prepare_command)
    app.cli.add_command(certificate_command)


@click.command("prepare")
@click.option("--url", default="http://127.0.0.1:8000", help="where people reach the app")
@with_appcontext
def prepare_command(url: str) -> None:
    """Make secrets and keys where missing, update the database, say where to go."""
    try:
        token = prepare()
    except VaultError as error:
        raise click.ClickException(str(error)) from error
    if token is None:
        click.echo(f"Open {url}")
        return
    click.echo("There is no account yet. Create the administrator by this one-time link:")
    click.echo(f"    {url}/setup/{token}")


@click.command("certificate")
@with_appcontext
def certificate_command() -> None:
    """Make a certificate for HTTPS on the local network, and print this machine's address there."""
    settings = recognition().settings
    settings.instance.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    address = local_address()
    make_certificate(settings.certificate_file, settings.certificate_key_file, address)
    click.echo(address)


def _password(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD:
        raise click.BadParameter(f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, please")
    return value


password_option = click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, callback=_password
)


@account_commands.command("create")
@click.argument("username")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@password_option
def create(username: str, role: str, password: str) -> None:
    """Create an account."""
    try:
        accounts.create_account(username, password, Role(role))
    except DuplicateUsername as error:
        raise click.ClickException(f"there is an account {username!r} already") from error
    click.echo(f"{username} may sign in.")


@account_commands.command("password")
@click.argument("username")
@password_option
def password(username: str, password: str) -> None:
    """Set a new password, and sign the account out everywhere."""
    try:
        accounts.change_password(username, password)
    except WrongCredentials as error:
        raise click.ClickException(f"there is no account {username!r}") from error
    click.echo(f"The password of {username} is changed.")
