"""Moving an installation to another database: `flask --app wsgi copy-database`."""

from __future__ import annotations

import re

import click
from click.core import ParameterSource
from flask.cli import with_appcontext
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from webapp.db.damage import explain
from webapp.db.engine import engine_options, prepare_engine
from webapp.errors.backup import CopyImpossible
from webapp.services.backup.database_copy import copy_database
from webapp.settings import WrongSetting, database_url
from webapp.startup.not_ready import NotReady
from webapp.startup.schema import bring_up_to_date, check_version

PASSWORD = re.compile(r"^[^/]*//[^/@]*:[^/@]+@")


@click.command("copy-database")
@click.option(
    "--from", "source", required=True, envvar="COPY_FROM", help="sqlite:///… or postgresql://…"
)
@click.option(
    "--to", "target", required=True, envvar="COPY_TO", help="an empty database: postgresql://…"
)
@with_appcontext
def copy_database_command(source: str, target: str) -> None:
    """Copy everything into an empty database while the app stands still, and compare.

    Interrupted, start it again: what has arrived is not copied twice. Afterwards serve the copy by
    DATABASE_URL; keys and secrets stay where they are, in the instance folder. Passwords do not
    belong on the command line: give the addresses as COPY_FROM and COPY_TO.
    """
    try:
        old, new = _engine("--from", source), _engine("--to", target)
        _check_no_password()
        check_version(old)
        bring_up_to_date(new)
        with _Progress() as progress:
            counts = copy_database(old, new, progress.tell)
    except KeyboardInterrupt:
        raise click.ClickException("stopped; the same command goes on from here") from None
    except SQLAlchemyError as error:
        raise click.ClickException(explain(error)) from error
    except (CopyImpossible, NotReady, WrongSetting) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables are there, and the same.")
    click.echo(
        "No deletion reaches what is left behind: once the copy serves, destroy the source, its "
        "backups, and its key ring with all copies."
    )


def _check_no_password() -> None:
    context = click.get_current_context()
    for name, variable in (("source", "COPY_FROM"), ("target", "COPY_TO")):
        typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if typed and PASSWORD.search(context.params[name]):
            raise click.UsageError(
                "A password on the command line is shown to everybody on this machine. Set the "
                f"environment variable {variable} to the address instead."
            )


class _Progress:
    """A line a table, written anew as rows arrive."""

    def __init__(self) -> None:
        self._table = ""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._table:
            click.echo()

    def tell(self, table: str, done: int, total: int) -> None:
        """Say how far a table is."""
        if self._table and table != self._table:
            click.echo()
        self._table = table
        click.echo(f"\r{table}: {done} of {total}", nl=False)


def _engine(option: str, url: str) -> Engine:
    known = database_url(url, option)
    engine = create_engine(known, **engine_options(known))
    prepare_engine(engine)
    return engine
