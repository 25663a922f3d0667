"""Log of a run: a progress bar, a CSV table, and TensorBoard event files."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from types import TracebackType

import tensorflow as tf
from tqdm import tqdm

COLUMNS = ("step", "seconds", "loss", "learning_rate", "images_per_second", "validation_eer")


class Log:
    """Writes `log.csv` and event files in a run's folder and updates the progress bar."""

    def __init__(self, folder: Path, label: str, first: int, steps: int) -> None:
        """Open the log at step `first` of `steps` and drop rows of later steps.

        A killed run can have logged steps after its last checkpoint; they will be repeated.
        """
        self._table = folder / "log.csv"
        self._rows = [row for row in read_log(folder) if int(row["step"]) <= first]
        self._write_table()
        self._events = tf.summary.create_file_writer(str(folder / "tensorboard"))
        self._bar = tqdm(total=steps, initial=first, desc=label, unit="batch", mininterval=0.5)
        self._before = float(self._rows[-1]["seconds"]) if self._rows else 0.0
        self._start = time.monotonic()
        self._shown: dict[str, str] = {}

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
        self._events.close()

    def stepped(self, loss: float) -> None:
        """Advance the progress bar by one step."""
        self._shown["loss"] = f"{loss:.4f}"
        self._bar.set_postfix(self._shown, refresh=False)
        self._bar.update()

    def validated(
        self, step: int, *, loss: float, learning_rate: float, images_per_second: float, eer: float
    ) -> None:
        """Add a row: mean loss since the last row, and the EER of the validation people."""
        self._shown["eer"] = f"{eer:.2%}"
        seconds = self._before + time.monotonic() - self._start
        values = (step, seconds, loss, learning_rate, images_per_second, eer)
        row = {name: f"{value:.6g}" for name, value in zip(COLUMNS, values, strict=True)}
        self._rows.append(row | {"step": str(step)})
        self._write_table()
        with self._events.as_default(step=step):
            for name, value in zip(COLUMNS[2:], values[2:], strict=True):
                tf.summary.scalar(name, value)
        self._events.flush()

    def _write_table(self) -> None:
        with self._table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self._rows)


def read_log(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a run's table; empty without a table."""
    table = folder / "log.csv"
    if not table.exists():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
