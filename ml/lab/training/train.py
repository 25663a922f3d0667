"""Train a model: `python -m ml train --config ml/lab/configs/NAME.toml`.

`runs/NAME/` holds the run's checkpoint and logs. The same command resumes an interrupted run. At
the end the model is installed as an artifact of that name.

Exit status: 0 when done, 2 for a configuration, data or a model that cannot be used, 130 when
interrupted.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from ml.artifacts import ARTIFACTS
from ml.errors import ArtifactError
from ml.lab.datasets.errors import DatasetError
from ml.lab.training.config import ExperimentConfig, read_config
from ml.lab.training.toml_config import ConfigError

UNUSABLE, INTERRUPTED = 2, 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _train(read_config(options.config), options)
    except (ConfigError, DatasetError, ArtifactError) as error:
        print(f"train: {error}", file=sys.stderr)
        return UNUSABLE


def _train(config: ExperimentConfig, options: argparse.Namespace) -> int:
    # The import loads TensorFlow; a wrong configuration should fail before that.
    from ml.lab.training.run import OtherRun, Run, RunFolders

    folders = RunFolders(options.runs, options.cache, options.artifacts)
    if options.fresh:
        shutil.rmtree(folders.runs / config.name, ignore_errors=True)
    try:
        run = Run(config, folders, options.init)
    except OtherRun as error:
        print(f"train: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"data: {run.data.report['used']}; what was left out: {run.folder / 'data.json'}")
    if not run.train():
        print(f"stopped and saved at step {run.step}; run the same command again to resume")
        return INTERRUPTED
    home = run.write_artifact()
    print(f"best validation EER {run.best_eer:.2%} at step {run.best_step}; installed in {home}")
    print(f"before it serves, calibrate it on other people: python -m ml calibrate {config.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml train",
        description="Train a model and install it as an artifact.",
    )
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE.toml", help="the experiment"
    )
    parser.add_argument(
        "--init", default="", metavar="ARTIFACT", help="name of a model with the initial weights"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete an earlier run of that name first"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder of checkpoints and logs"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(".cache"),
        help="folder of cached landmarks, chips and embeddings",
    )
    parser.add_argument(
        "--artifacts", type=Path, default=ARTIFACTS, help="folder of installed models"
    )
    return parser
