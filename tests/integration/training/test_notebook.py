"""The notebook runs from start to end."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ml.lab.evaluation.protocols.photos import SHARED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
NOTEBOOK = ROOT / "ml" / "lab" / "notebooks" / "training.ipynb"
MINUTE = 60


def run_notebook() -> str:
    """Run the notebook, and return its output."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=30 * MINUTE, resources={"metadata": {"path": ROOT}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def test_formulas_have_one_backslash_before_each_command() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert not [text for text in texts if r"\\" in text]


def test_a_shortened_run_reaches_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK_STEPS", "4")
    assert "Ada and Bo: similarity" in run_notebook()


@pytest.mark.long
def test_the_whole_run_distinguishes_ada_from_bo() -> None:
    printed = run_notebook()
    error_rate = float(printed.split("\nEER ")[1].split("%")[0])
    assert error_rate < 15
    same, other = (
        float(printed.split(f"Ada and {name}: similarity ")[1].split(",")[0])
        for name in ("Ada again", "Bo")
    )
    assert same > other


@pytest.mark.long
@pytest.mark.data
def test_one_variable_points_it_at_a_folder_of_real_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK_PEOPLE", str(SHARED / "celeba_wild" / "train"))
    printed = run_notebook()
    error_rate = float(printed.split("\nEER ")[1].split("%")[0])
    assert error_rate < 45
    assert "somebody and the same person: similarity" in printed


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert not any(cell.get("outputs") for cell in cells)
