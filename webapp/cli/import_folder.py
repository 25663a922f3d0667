"""Command that enrols people from folders: `flask --app wsgi import-folder DIR`."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from flask.cli import with_appcontext
from flask_babel import force_locale

from ml import ArtifactError
from webapp.core.actor import SERVER
from webapp.core.csv_cells import TableWriter, plain_cells
from webapp.crypto.vault import VaultError
from webapp.errors.models import ModelChangedMeanwhile
from webapp.errors.people import PictureProblem
from webapp.inference.active_model import active_model
from webapp.messages import describe
from webapp.services.enrolment.folder_import import Outcome, Report, folders_in, import_folders

COLUMNS = ("folder", "file", "code", "reason")


@click.command("import-folder")
@click.argument(
    "directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--consent", is_flag=True, help="confirm that each of these people agreed")
@click.option(
    "--dry-run",
    is_flag=True,
    help="check everything, store nothing; similar people within DIR are not detected",
)
@click.option("--accept-doubts", is_flag=True, help="accept photos with warnings")
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="CSV file to which refusals are appended; without it they are printed",
)
@with_appcontext
def import_folder_command(
    directory: Path, consent: bool, dry_run: bool, accept_doubts: bool, report_file: Path | None
) -> None:
    """Enrol people from DIR, which has one folder for each person.

    The name of a folder is the identifier, and with spaces for "_" the person's name. Safe to
    interrupt; run it again to resume: enrolled people are skipped.
    """
    if not (consent or dry_run):
        raise click.ClickException(
            "Nothing is stored without consent. If each of these people agreed, add --consent"
        )
    reports: list[Report] = []
    try:
        active_model().check_embeddings()
        with click.progressbar(folders_in(directory), label="People") as folders:
            done = import_folders(folders, SERVER, accept_doubts=accept_doubts, dry_run=dry_run)
            reports.extend(_written(done, report_file) if report_file else done)
    except KeyboardInterrupt:
        click.echo("Stopped. Enrolled people stay enrolled. Run the same command to resume.")
        raise
    except (ArtifactError, VaultError, ModelChangedMeanwhile, OSError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        _print_summary(reports, listed=report_file is None, dry_run=dry_run)


def _written(reports: Iterable[Report], report_file: Path) -> Iterator[Report]:
    """Pass reports through; append new refusals to the file immediately."""
    with report_file.open("a+", newline="") as file:
        file.seek(0)
        present = {tuple(row) for row in csv.reader(file)}
        table = TableWriter(file)
        if not present:
            table.write(COLUMNS)
        for report in reports:
            for row in _rows([report]):
                if tuple(plain_cells(row)) not in present:
                    table.write(row)
            file.flush()
            yield report


def _print_summary(reports: list[Report], *, listed: bool, dry_run: bool) -> None:
    rows = list(_rows(reports))
    if listed:
        for folder, file_name, code, reason in rows:
            click.echo(f"{folder}/{file_name}: {code}: {reason}")
    counts = Counter(report.outcome for report in reports)
    would = "would be " if dry_run else ""
    click.echo(
        f"{counts[Outcome.ENROLLED]} people {would}enrolled with "
        f"{sum(report.taken for report in reports)} photos, {counts[Outcome.PRESENT]} enrolled "
        f"before, {counts[Outcome.REFUSED]} refused; {len(rows)} reasons"
    )


def _rows(reports: Iterable[Report]) -> Iterable[tuple[str, str, str, str]]:
    for report in reports:
        for refused in report.refused:
            whole = refused.path == report.folder.path
            yield (
                _printable_name(report.folder.path),
                "" if whole else _printable_name(refused.path),
                refused.problem.code,
                _reason(refused.problem),
            )


def _reason(problem: PictureProblem) -> str:
    with force_locale("en"):
        return str(describe(problem.code, problem.details))


def _printable_name(path: Path) -> str:
    """Return the name of a file; bytes that are not UTF-8 are escaped."""
    return os.fsencode(path.name).decode(errors="backslashreplace")
