"""Commands for keys to the API, from the server: `flask --app wsgi api-keys NAME`."""

from __future__ import annotations

from uuid import UUID

import click
from flask.cli import AppGroup

from webapp.core.text import is_shown, normalize_name
from webapp.db.models import Scope
from webapp.db.models.api_key import KEY_NAME_LENGTH, LIMIT_LENGTH
from webapp.errors.api import KeyExpired, KeyRevoked, KeyUnknown, LimitUnreadable
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import BOUNDS, MadeKey, NewKey

api_key_commands = AppGroup("api-keys", help="Keys by which other programs use the API.")


@api_key_commands.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="what the key opens; give it several times for several",
)
@click.option(
    "--days",
    type=click.IntRange(1, BOUNDS.most_days),
    default=BOUNDS.default_days,
    show_default=True,
    help="until it expires",
)
@click.option(
    "--limit", default=BOUNDS.default_limit, show_default=True, help="requests it may make"
)
def create(name: str, scopes: tuple[str, ...], days: int, limit: str) -> None:
    """Make a key and print it, this one time."""
    name = normalize_name(name)
    if not (name and is_shown(name) and len(name) <= KEY_NAME_LENGTH):
        raise click.ClickException(f"a name has 1 to {KEY_NAME_LENGTH} characters")
    if len(limit) > LIMIT_LENGTH:
        raise click.ClickException(f"a limit has at most {LIMIT_LENGTH} characters")
    try:
        _show(api_keys.create(NewKey(name, [Scope(scope) for scope in scopes], days, limit), None))
    except LimitUnreadable as error:
        raise click.ClickException("give a limit like: 120 per minute") from error


@api_key_commands.command("rotate")
@click.argument("key_id", type=click.UUID)
@click.option(
    "--hours",
    type=click.IntRange(0, BOUNDS.most_rotation_hours),
    default=BOUNDS.rotation_hours,
    show_default=True,
    help="that the old key goes on working",
)
def rotate(key_id: UUID, hours: int) -> None:
    """Make a key in place of another, and print it, this one time."""
    try:
        _show(api_keys.rotate(key_id, None, hours))
    except KeyUnknown as error:
        raise click.ClickException(f"there is no key {key_id}") from error
    except (KeyRevoked, KeyExpired) as error:
        raise click.ClickException("this key works no longer; create a new one") from error


@api_key_commands.command("revoke")
@click.argument("key_id", type=click.UUID)
def revoke(key_id: UUID) -> None:
    """End a key, everywhere and at once."""
    try:
        api_keys.revoke(key_id, None)
    except KeyUnknown as error:
        raise click.ClickException(f"there is no key {key_id}") from error
    click.echo("The key opens nothing any more.")


@api_key_commands.command("list")
def list_keys() -> None:
    """Show the keys, without what they consist of."""
    for key in api_keys.list_keys():
        ends = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else f"{key.ends_at:%Y-%m-%d}"
        used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"
        click.echo(
            "  ".join(
                (str(key.id), key.name, ",".join(key.scopes), f"until {ends}", f"used {used}")
            )
        )


def _show(made: MadeKey) -> None:
    click.echo(f"{made.name}, {made.id}, until {made.expires_at:%Y-%m-%d}:", err=True)
    click.echo(made.secret)
