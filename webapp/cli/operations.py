"""Commands for the master key, backups and retention."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup, with_appcontext

from ml import ArtifactError
from webapp.core.actor import SERVER
from webapp.crypto.vault import VaultError
from webapp.errors.base import ServiceError
from webapp.services import audit, audit_head
from webapp.services.accounts import accounts
from webapp.services.backup import backup as backups
from webapp.services.backup import key_ring as rings
from webapp.services.backup import master_key_rotation
from webapp.services.people import retention
from webapp.settings import current_settings
from webapp.startup.prepare import prepare

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
key_commands = AppGroup("keys", help="The master key.")
retention_commands = AppGroup("retention", help="Deletion of people after their retention period.")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (ArtifactError, ServiceError, VaultError, OSError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from error


@key_commands.command("rotate")
def rotate() -> None:
    """Rotate the master key. Safe to interrupt; run it again to resume."""
    with _explained():
        done = master_key_rotation.rotate(lambda left: click.echo(f"{left} keys left"), SERVER)
    click.echo(
        f"{done} keys are wrapped by the new master key. Store a copy of it, not of the old one."
    )
    ring = current_settings().key_ring_file
    if ring.exists():
        click.echo(
            f"Replace your copy of the key ring by {ring}. Only then destroy the old master key: "
            "the old copy does not open with the new one."
        )


@click.command("backup")
@file_argument
@with_appcontext
def backup(file: Path) -> None:
    """Write an encrypted backup and the key ring that opens it; the app may run."""
    with _explained():
        backups.back_up(file.absolute(), SERVER)
    ring = current_settings().key_ring_file
    click.echo(f"{file} is written and checked. Restoring it needs {ring} and the master key.")


@click.command("restore")
@file_argument
@click.option(
    "--key-ring", type=click.Path(path_type=Path, dir_okay=False), help="the newest key ring"
)
@click.option(
    "--without-newer",
    is_flag=True,
    help="Give up people of the key ring who are not in this backup; no backup opens for them.",
)
@with_appcontext
def restore(file: Path, key_ring: Path | None, without_newer: bool) -> None:
    """Replace the database by a backup. Stop the app first."""
    ring = key_ring or current_settings().key_ring_file
    with _explained():
        people = backups.restore(file.absolute(), ring, without_newer=without_newer)
        prepare()
        audit.record_now(rings.RESTORED, SERVER, people=people, without_newer=without_newer)
        audit_head.begin_head_file(overwrite=True)
    click.echo(f"{people} people are restored.")
    _list_accounts()
    with _explained():
        rings.write(replaces_foreign=True)


def _list_accounts() -> None:
    """List the restored accounts: they include those deleted or changed since the backup."""
    restored = accounts.list_accounts()
    if not restored:
        return
    click.echo("So are these accounts, with passwords and second factors as of the backup:")
    for account in restored:
        click.echo(f"    {account.username}  {account.role}")
    click.echo(
        "Check them: accounts deleted since, and old passwords, work again. "
        "Run: flask --app wsgi account delete NAME, or: flask --app wsgi account password NAME"
    )


@retention_commands.command("run")
def run_retention() -> None:
    """Delete people after their retention period, for cron; a server does it once a day."""
    with _explained():
        click.echo(f"{retention.delete_expired()} people deleted")


care_commands = (key_commands, backup, restore, retention_commands)
