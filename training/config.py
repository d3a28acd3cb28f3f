"""Settings of a training, read from YAML; unknown keys are refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ltcore.config import settings_error
from ltcore.errors import InputError
from ltcore.features.patches import PatchSampling

from .comparators import Architecture
from .losses import LossConfig
from .sampling import PairConfig

_STRICT = ConfigDict(extra="forbid")

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=_STRICT)
class OptimiserConfig:
    """How the weights are changed.

    Attributes:
        name: "adamw", or "sgd" with momentum.
        learning_rate: highest one; warm-up, then cosine down to zero.
        warmup: share of the training over which the learning rate rises.
        weight_decay: of all but biases and normalisations.
        momentum: of "sgd".
        clip: largest norm of the gradient.
        ema: decay a step of the moving average of the weights that is validated and exported; 0 uses the weights.
    """

    name: Literal["adamw", "sgd"] = "adamw"
    learning_rate: PositiveFloat = 2e-3
    warmup: Fraction = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    clip: PositiveFloat = 1.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0


@dataclass(frozen=True, config=_STRICT)
class TrainConfig:
    """All settings of a training.

    Attributes:
        seed: of weights and batches.
        architecture: network.
        descriptor_dim: 128, 256 or 512; the comparators have 128.
        sampling: geometry of the patches.
        pairs: how batches are drawn.
        loss: loss and its numbers.
        optimiser: how the weights are changed.
        steps: the training ends after this many, ...
        minutes: ... or after this wall time of steps, whichever comes first; 0 means no limit.
        patience: it ends early after so many validations in a row without a new best; 0 never.
        bfloat16: whether the network runs in bfloat16 (the loss never does).
        chunk: patches that pass through the network at once on a CPU.
        threads: threads that run chunks on a CPU.
        keypoints_per_band: SIFT keypoints taken from each tile and band.
        log_steps: between two lines of the log.
        checkpoint_steps: between two checkpoints.
        validate_steps: between two validations.
        validation_tiles: largest tiles of the val split that are used for it; 0 validates never.
    """

    seed: int = 0
    architecture: Architecture = "ltformer"
    descriptor_dim: Literal[128, 256, 512] = 128
    sampling: PatchSampling = Field(default_factory=PatchSampling)
    pairs: PairConfig = Field(default_factory=PairConfig)
    loss: LossConfig = Field(default_factory=LossConfig)
    optimiser: OptimiserConfig = Field(default_factory=OptimiserConfig)
    steps: PositiveInt = 5000
    minutes: Annotated[float, Field(ge=0)] = 0.0
    patience: Annotated[int, Field(ge=0)] = 0
    bfloat16: bool = True
    chunk: PositiveInt = 128
    threads: PositiveInt = 2
    keypoints_per_band: PositiveInt = 1500
    log_steps: PositiveInt = 10
    checkpoint_steps: PositiveInt = 500
    validate_steps: PositiveInt = 1000
    validation_tiles: Annotated[int, Field(ge=0)] = 10


def read_config(path: Path, changes: Iterable[str] = ()) -> TrainConfig:
    """Returns the settings in a YAML file, some of them changed.

    Args:
        path: of the file.
        changes: such as "optimiser.learning_rate=1e-3".

    Raises:
        InputError: the file is missing or not YAML, or holds a key or value that is not known.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for change in changes:
            _change(values, change)
        return TypeAdapter(TrainConfig).validate_python(values)
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"The settings '{path}' cannot be read.", f"{error}.") from error
    except ValidationError as error:
        raise settings_error(error) from error


def _change(values: dict[str, Any], change: str) -> None:
    """Sets what "group.name=value" says."""
    key, equals, value = change.partition("=")
    if not equals:
        raise InputError(f"'{change}' is no setting.", "", "Write it as name=value, such as loss.name=lt.")
    *groups, name = key.split(".")
    for group in groups:
        values = values.setdefault(group, {})
        if not isinstance(values, dict):
            raise InputError(f"'{key}' is no setting: '{group}' has no parts.")
    values[name] = yaml.safe_load(value)


def write_config(config: TrainConfig, path: Path) -> None:
    """Writes all settings as YAML."""
    values = TypeAdapter(TrainConfig).dump_python(config, mode="json")
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def fingerprint(config: TrainConfig) -> str:
    """Returns a hash of all settings: a checkpoint continues under its own only."""
    text = json.dumps(TypeAdapter(TrainConfig).dump_python(config, mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
