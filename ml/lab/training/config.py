"""Configuration of an experiment: one TOML file, read into these dataclasses.

The docstrings here are the reference of every key. Folders are relative to the working directory.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ml.artifacts import DEFAULT_MODEL, NetworkConfig, Terms
from ml.faces.preprocess import Preprocessing
from ml.lab.training.batches.augmentation import Augmentation
from ml.lab.training.toml_config import ConfigError, from_table
from ml.siamese.backbones import MODULES
from ml.siamese.losses import require_loss


@dataclass(frozen=True)
class SyntheticData:
    """Synthetic people instead of a folder: number of people, and of views of each."""

    people: int
    views: int


@dataclass(frozen=True)
class DataConfig:
    """Training data.

    The reference model finds people and pictures that are too similar. Its key is `judge`.

    Attributes:
        folder: folder with one sub-folder a person.
        drawn: synthetic people instead of the folder.
        validation_share: share of the people for early stopping, 0 to 1.
        test_share: share of the people for the final figures; 0 for none.
        drop_near: folders with one sub-folder a person; people who are near any of theirs are not
            used.
        near_person: cosine of two people's mean embeddings from which they are taken for one
            person, in `drop_near` and across the splits.
        near_copy: duplicate threshold: cosine of two pictures' embeddings from which they are taken
            for one picture, across the splits.
        stray: outlier threshold: pictures less similar to their person's others are left out of
            training as mislabelled; -1 keeps all.
        judge: name of the reference model, whose embeddings are compared; "" skips all checks.
    """

    folder: str = ""
    drawn: SyntheticData | None = None
    validation_share: float = 0.15
    test_share: float = 0.0
    drop_near: tuple[str, ...] = ()
    near_person: float = 0.96
    near_copy: float = 0.995
    stray: float = -1.0
    judge: str = DEFAULT_MODEL

    def __post_init__(self) -> None:
        if bool(self.folder) == bool(self.drawn):
            raise ValueError("give either a folder or drawn people")
        if not 0 < self.validation_share < 1 or not 0 <= self.test_share < 1:
            raise ValueError("validation_share and test_share must lie between 0 and 1")


@dataclass(frozen=True)
class BatchConfig:
    """Composition of a batch.

    Attributes:
        sampler: "people" draws `people` × `pictures`; "pairs" draws people × pictures / 2 pairs,
            half of them genuine.
        people: number of people, P.
        pictures: number of pictures of each person, K.
        unlabelled: number of further pictures from `distil.folder`.
    """

    sampler: Literal["people", "pairs"] = "people"
    people: int = 16
    pictures: int = 4
    unlabelled: int = 0

    def __post_init__(self) -> None:
        if self.people < 2 or self.pictures < 2 or self.unlabelled < 0:
            raise ValueError("a batch needs 2 people or more with 2 pictures or more of each")


@dataclass(frozen=True)
class LossConfig:
    """Name and options of the loss, and its weight in the sum; 0 for distillation only."""

    name: str = "contrastive"
    weight: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_loss(self.name)


@dataclass(frozen=True)
class DistilConfig:
    """Distillation from another model with embeddings of the same size.

    Attributes:
        teacher: name of an installed artifact; it uses its own preprocessing.
        weight: weight of the distillation loss in the sum.
        folder: pictures without identities, in any sub-folders; "" for the labelled ones only.
    """

    teacher: str
    weight: float = 1.0
    folder: str = ""


@dataclass(frozen=True)
class OptimiserConfig:
    """Optimiser.

    Attributes:
        name: "adam" (with decoupled weight decay) or "sgd" (momentum 0.9).
        rate: learning rate after the warm-up; it decays to 0 along a cosine.
        warm_up: steps of the warm-up, in which the rate rises from 0.
        weight_decay: share by which matrices shrink a step, times the rate.
        clip: largest norm of the gradient over all weights.
        average: decay of the running average of weights, which is validated and exported; 0 for the
            last weights themselves.
    """

    name: Literal["adam", "sgd"] = "adam"
    rate: float = 1e-3
    warm_up: int = 100
    weight_decay: float = 0.0
    clip: float = 5.0
    average: float = 0.995

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.warm_up < 0 or self.clip <= 0 or not 0 <= self.average < 1:
            raise ValueError("rate and clip must be positive, warm_up ≥ 0, average in [0, 1)")


@dataclass(frozen=True)
class RunConfig:
    """Length, validation and precision of a run.

    Attributes:
        steps: number of batches.
        validate_every: steps between validations, each of which also saves a checkpoint.
        patience: validations without a better EER before early stopping.
        precision: "auto" computes in bfloat16 on a GPU and in float32 elsewhere.
        deterministic: compute the same weights from the same seed, at some cost in speed.
    """

    steps: int = 2000
    validate_every: int = 200
    patience: int = 10
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    deterministic: bool = False

    def __post_init__(self) -> None:
        if min(self.steps, self.validate_every, self.patience) < 1:
            raise ValueError("steps, validate_every and patience must be 1 or more")


@dataclass(frozen=True)
class ArtifactTexts:
    """Texts of the artifact; see `ml.artifacts.ArtifactConfig`."""

    title: str
    terms: Terms = "research"
    licence: str = "as the training data allows"
    mirrored: bool = False


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment; its run and its artifact have the same `name`."""

    name: str
    artifact: ArtifactTexts
    preprocessing: Preprocessing
    network: NetworkConfig
    data: DataConfig
    seed: int = 1
    batch: BatchConfig = BatchConfig()
    loss: LossConfig = LossConfig()
    distil: DistilConfig | None = None
    optimiser: OptimiserConfig = OptimiserConfig()
    run: RunConfig = RunConfig()
    augment: bool = True
    augmentation: tuple[Augmentation, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or Path(self.name).name != self.name:
            raise ValueError(f"name must be usable as a folder's name, not {self.name!r}")
        if self.network.backbone not in MODULES:
            known = ", ".join(sorted(MODULES))
            raise ValueError(f"unknown backbone {self.network.backbone!r}; known are {known}")
        if self.loss.weight == 0 and self.distil is None:
            raise ValueError("with loss.weight 0 there must be a teacher to distil")
        if self.batch.unlabelled and not (self.distil and self.distil.folder):
            raise ValueError("batch.unlabelled needs distil.folder")

    @property
    def augmentations(self) -> tuple[Augmentation, ...]:
        """Augmentations in use: none if `augment` is false."""
        return self.augmentation if self.augment else ()


def read_config(path: Path) -> ExperimentConfig:
    """Read the configuration of an experiment.

    Raises:
        ConfigError: if the file is missing, is not TOML, or has a wrong key or value.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return from_table(ExperimentConfig, table)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
