"""Commands for API keys: `flask --app wsgi api-keys NAME`."""

from __future__ import annotations

from uuid import UUID

import click
from flask.cli import AppGroup

from webapp.core.actor import SERVER
from webapp.core.text import is_shown, normalize_name
from webapp.db.models import Scope
from webapp.db.models.api_key import KEY_NAME_LENGTH, LIMIT_LENGTH
from webapp.errors.api import KeyExpired, KeyRevoked, KeyUnknown, LimitUnreadable
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import KEY_BOUNDS, MadeKey, NewKey

api_key_commands = AppGroup("api-keys", help="API keys of other programs.")


@api_key_commands.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="permission of the key; repeat the option for several",
)
@click.option(
    "--days",
    type=click.IntRange(1, KEY_BOUNDS.most_days),
    default=KEY_BOUNDS.default_days,
    show_default=True,
    help="days until it expires",
)
@click.option(
    "--limit", default=KEY_BOUNDS.default_limit, show_default=True, help="rate limit of requests"
)
def create(name: str, scopes: tuple[str, ...], days: int, limit: str) -> None:
    """Create a key and print it; it is never shown again."""
    name = normalize_name(name)
    if not (name and is_shown(name) and len(name) <= KEY_NAME_LENGTH):
        raise click.ClickException(f"A name must have 1 to {KEY_NAME_LENGTH} printable characters.")
    if len(limit) > LIMIT_LENGTH:
        raise click.ClickException(f"A limit must have at most {LIMIT_LENGTH} characters.")
    try:
        new = NewKey(name, [Scope(scope) for scope in scopes], days, limit)
        _show(api_keys.create(new, SERVER))
    except LimitUnreadable as error:
        raise click.ClickException("The limit is malformed. Example: 120 per minute") from error


@api_key_commands.command("rotate")
@click.argument("key_id", type=click.UUID)
@click.option(
    "--hours",
    type=click.IntRange(0, KEY_BOUNDS.most_rotation_hours),
    default=KEY_BOUNDS.rotation_hours,
    show_default=True,
    help="hours that the old key keeps working",
)
def rotate(key_id: UUID, hours: int) -> None:
    """Replace a key and print the new one; it is never shown again."""
    try:
        _show(api_keys.rotate(key_id, SERVER, hours))
    except KeyUnknown as error:
        raise click.ClickException(_unknown(key_id)) from error
    except (KeyRevoked, KeyExpired) as error:
        raise click.ClickException(
            "This key is revoked or expired. Run: flask --app wsgi api-keys create"
        ) from error


@api_key_commands.command("revoke")
@click.argument("key_id", type=click.UUID)
def revoke(key_id: UUID) -> None:
    """Revoke a key immediately, on every node."""
    try:
        api_keys.revoke(key_id, SERVER)
    except KeyUnknown as error:
        raise click.ClickException(_unknown(key_id)) from error
    click.echo("Key revoked.")


@api_key_commands.command("list")
def list_keys() -> None:
    """List the keys without their secrets."""
    for key in api_keys.list_keys():
        ends = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else f"{key.ends_at:%Y-%m-%d}"
        used = f"{key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never"
        click.echo(
            "  ".join(
                (str(key.id), key.name, ",".join(key.scopes), f"until {ends}", f"used {used}")
            )
        )


def _unknown(key_id: UUID) -> str:
    return f"Key {key_id} does not exist. Run: flask --app wsgi api-keys list"


def _show(made: MadeKey) -> None:
    click.echo(f"{made.name}, {made.id}, until {made.expires_at:%Y-%m-%d}:", err=True)
    click.echo(made.secret)
