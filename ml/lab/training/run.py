"""A run, from its configuration to an artifact; interrupted runs resume at their checkpoint."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ml.artifacts import ARTIFACTS, Artifact, load_known, write_atomically
from ml.lab.training.batches.stream import batch_stream
from ml.lab.training.checkpoint import load_checkpoint, save_checkpoint
from ml.lab.training.config import ExperimentConfig
from ml.lab.training.embedding import embed_chips
from ml.lab.training.export import TrainingResult, write_artifact
from ml.lab.training.interruption import StopRequest, stop_requests
from ml.lab.training.log import Log
from ml.lab.training.prepare import prepare
from ml.lab.training.toml_config import ConfigError
from ml.lab.training.trainer import Trainer, learning_rate
from ml.lab.training.validation import pair_eer, validation_rows
from ml.siamese.weights import load_backbone

RUNS, CACHE = Path("runs"), Path(".cache")
CHECKPOINT = "checkpoint.npz"
BEST = "best."


@dataclass(frozen=True)
class RunFolders:
    """Folders of a run.

    Attributes:
        runs: checkpoint and logs of each run, in a sub-folder of its name.
        cache: cached landmarks, chips and embeddings.
        artifacts: installed models, including the new one.
    """

    runs: Path = RUNS
    cache: Path = CACHE
    artifacts: Path = ARTIFACTS


class OtherRun(Exception):
    """A run of that name has another configuration."""


class Run:
    """One experiment and the state of its checkpoint."""

    def __init__(self, config: ExperimentConfig, folders: RunFolders, init: str = "") -> None:
        """Prepare data and networks, and load the checkpoint if there is one.

        Args:
            config: the experiment.
            folders: where to read and write.
            init: name of an installed artifact with the initial weights; "" for random ones.

        Raises:
            OtherRun: if the checkpoint has another configuration.
            ConfigError: if the initial weights have another architecture, or backbone or loss
                cannot be built as configured.
            DatasetError, ArtifactError: if data or models cannot be used.
        """
        self.config = config
        self.folder = folders.runs / config.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._folders = folders
        self._facts = json.loads(json.dumps({"config": asdict(config), "init": init}))
        self._reject_other_run()
        _set_seed(config)
        self.data = prepare(config, folders.cache, folders.artifacts)
        write_atomically(self.folder / "data.json", json.dumps(self.data.report, indent=2) + "\n")
        self.trainer = _trainer(config, len(self.data.train.people))
        self._embed = tf.function(self.trainer.embedder, reduce_retracing=True)
        self._validated = self.data.validation.only(validation_rows(self.data.validation.labels))
        self.step, self.best_step, self.best_eer = 0, 0, 1.0
        self._best = self.trainer.average.get_weights()
        self._seconds = 0.0
        if self._checkpoint.exists():
            self._resume()
        elif init:
            self._start_from(init)

    @property
    def _checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or the validation EER has stopped improving."""
        run = self.config.run
        stale = self.step - self.best_step >= run.patience * run.validate_every
        return self.step >= run.steps or stale

    def train(self) -> bool:
        """Train to the end or to a stop request; return whether the end was reached."""
        with (
            stop_requests() as request,
            Log(self.folder, self.config.name, self.step, self.config.run.steps) as log,
        ):
            if not self.finished:
                self._train(log, request)
        return self.finished

    def write_artifact(self) -> Path:
        """Install the best weights as an artifact and return its folder."""
        self.trainer.average.set_weights(self._best)
        result = TrainingResult(self.step, self.best_step, self.best_eer, self._seconds)
        return write_artifact(
            self.config, self.data, self.trainer.average, result, self._folders.artifacts
        )

    def _train(self, log: Log, request: StopRequest) -> None:
        losses: list[float] = []
        pictures, start = 0, time.monotonic()
        every = self.config.run.validate_every
        for batch in batch_stream(self.config, self.data, self.step):
            loss = self.trainer.step(self.step, batch.chips, batch.labels, batch.targets)
            self.step += 1
            losses.append(loss)
            pictures += len(batch.chips)
            log.stepped(loss)
            if self.step % every == 0 or self.step == self.config.run.steps:
                seconds = time.monotonic() - start
                self._validate(log, float(np.mean(losses)), pictures / seconds)
                self._seconds += time.monotonic() - start
                self._save()
                losses, pictures, start = [], 0, time.monotonic()
            if self.finished:
                return
            if request.made:
                self._seconds += time.monotonic() - start
                self._save()
                return

    def _validate(self, log: Log, loss: float, images_per_second: float) -> None:
        eer = pair_eer(embed_chips(self._embed, self._validated), self._validated.labels)
        if eer < self.best_eer:
            self.best_eer, self.best_step = eer, self.step
            self._best = self.trainer.average.get_weights()
        rate = learning_rate(self.config.optimiser, self.step - 1, self.config.run.steps)
        log.validated(
            self.step, loss=loss, learning_rate=rate, images_per_second=images_per_second, eer=eer
        )

    def _save(self) -> None:
        best = {f"{BEST}{number:04d}": weight for number, weight in enumerate(self._best)}
        progress = {
            "step": self.step,
            "best_step": self.best_step,
            "best_eer": self.best_eer,
            "seconds": self._seconds,
        }
        save_checkpoint(self._checkpoint, self.trainer.state() | best, self._facts | progress)

    def _resume(self) -> None:
        arrays, facts = load_checkpoint(self._checkpoint)
        self.trainer.restore({name: a for name, a in arrays.items() if not name.startswith(BEST)})
        self._best = [arrays[name] for name in sorted(arrays) if name.startswith(BEST)]
        self.step, self.best_step = facts["step"], facts["best_step"]
        self.best_eer, self._seconds = facts["best_eer"], facts["seconds"]

    def _reject_other_run(self) -> None:
        if not self._checkpoint.exists():
            return
        before = load_checkpoint(self._checkpoint)[1]
        changed = [
            key
            for key in self._facts["config"]
            if before["config"].get(key) != self._facts["config"][key]
        ]
        if before["init"] != self._facts["init"]:
            changed.append("--init")
        if changed:
            raise OtherRun(
                f"{self.folder} was begun with another {', '.join(changed)}; "
                "give the experiment another name, or start again with --fresh"
            )

    def _start_from(self, init: str) -> None:
        backbone = self.trainer.backbone
        take_weights(backbone, load_known(init, self._folders.artifacts))
        self.trainer.start_from(backbone.get_weights())
        self._best = self.trainer.average.get_weights()


def take_weights(ours: keras.Model, artifact: Artifact) -> None:
    """Load the weights of an artifact into the layers of the same names.

    Raises:
        ConfigError: if a layer is missing in the artifact, or has another shape.
    """
    theirs = {layer.name: layer for layer in load_backbone(artifact).layers}
    for layer in ours.layers:
        given = theirs[layer.name].get_weights() if layer.name in theirs else []
        shapes = [weight.shape for weight in given]
        if shapes != [tuple(weight.shape) for weight in layer.weights]:
            network, chips = artifact.config.network, artifact.config.preprocessing
            raise ConfigError(
                f"layer {layer.name} has no match in {artifact.config.name}, a {network.backbone} "
                f"with {network.embedding_size} numbers for chips of {chips.image_size} pixels and "
                f"{chips.channels} channels; set network and preprocessing to fit it"
            )
        layer.set_weights(given)


def _trainer(config: ExperimentConfig, people: int) -> Trainer:
    try:
        return Trainer(config, people)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _set_seed(config: ExperimentConfig) -> None:
    keras.utils.set_random_seed(config.seed)
    if config.run.deterministic:
        tf.config.experimental.enable_op_determinism()
