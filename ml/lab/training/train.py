"""Train a model: `python -m ml train --config ml/lab/configs/NAME.toml`.

The run's checkpoint and logs lie in `runs/NAME/`; the same command goes on where it was
interrupted. At the end the model is installed as an artifact of that name.

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
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _train(read_config(options.config), options)
    except (ConfigError, DatasetError, ArtifactError) as error:
        print(f"train: {error}", file=sys.stderr)
        return UNUSABLE


def _train(config: ExperimentConfig, options: argparse.Namespace) -> int:
    # Here, since it loads TensorFlow, which a wrong configuration should not wait for.
    from ml.lab.training.run import OtherRun, Places, Run

    places = Places(options.runs, options.cache, options.artifacts)
    if options.fresh:
        shutil.rmtree(places.runs / config.name, ignore_errors=True)
    try:
        run = Run(config, places, options.init)
    except OtherRun as error:
        print(f"train: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"data: {run.data.report['used']}; what was left out: {run.folder / 'data.json'}")
    if not run.train():
        print(f"stopped and saved at step {run.step}; the same command goes on from there")
        return INTERRUPTED
    home = run.write_artifact()
    print(f"best validation EER {run.best_eer:.2%} at step {run.best_step}; installed in {home}")
    print(
        f"before it serves: python -m ml calibrate {config.name}, on people held out from all this"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml train",
        description="Train a model and install it as an artifact.",
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE.toml")
    parser.add_argument(
        "--init", default="", metavar="ARTIFACT", help="start from this model's weights"
    )
    parser.add_argument("--fresh", action="store_true", help="forget an earlier run of that name")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="checkpoints and logs")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache"), help="found, cut and embedded faces"
    )
    parser.add_argument(
        "--artifacts", type=Path, default=ARTIFACTS, help="folder of installed models"
    )
    return parser
