"""Which methods are compared: OpenCV's, weights by name, run folders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from ltcore.errors import InputError
from ltcore.ltformer.backends import choose_device
from training.chunks import Workers

from .classical import BinaryMethod, classical_methods
from .learned import Engine, NetworkMethod, shipped, trained
from .methods import Method


@dataclass(frozen=True)
class Selection:
    """The methods in the order of the tables, the threads they are run by, and in words what networks run on."""

    methods: tuple[Method, ...]
    workers: Workers
    device: str

    @property
    def networks(self) -> tuple[NetworkMethod, ...]:
        """Those that are networks."""
        return tuple(method for method in self.methods if isinstance(method, NetworkMethod))

    @property
    def real_valued(self) -> tuple[Method, ...]:
        """All but the binary ones, which OpenCV describes too slowly for many small patches."""
        return tuple(method for method in self.methods if not isinstance(method, BinaryMethod))

    @property
    def groups(self) -> dict[str, list[str]]:
        """Names of the methods of each group, in their order."""
        groups: dict[str, list[str]] = {}
        for method in self.methods:
            groups.setdefault(method.group, []).append(method.name)
        return groups

    @property
    def representatives(self) -> tuple[Method, ...]:
        """RootSIFT and the first network of each architecture: what curves and pictures show."""
        first: dict[str, str] = {}
        for method in self.real_valued:
            first.setdefault(method.facts.get("architecture", method.name), method.name)
        return tuple(method for method in self.methods if method.name in first.values())

    @property
    def firsts(self) -> tuple[Method, ...]:
        """The first method of each group."""
        names = {members[0] for members in self.groups.values()}
        return tuple(method for method in self.methods if method.name in names)


def select(weights: Iterable[str], runs: Iterable[Path], device: str = "cpu", threads: int = 2) -> Selection:
    """Returns OpenCV's methods, shipped weights and the networks of run folders.

    Raises:
        InputError: a run folder is none, or two methods have the same name.
        WeightsError: weights are missing or damaged.
        DeviceError: the device is not there.
    """
    chosen, _ = choose_device(device)
    engine = Engine(chosen, Workers(threads))
    methods: list[Method] = [
        *classical_methods(),
        *(shipped(name, engine) for name in weights),
        *(trained(folder, engine) for folder in runs),
    ]
    names = [method.name for method in methods]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"Two methods are called '{twice[0]}'.", "", "Give run folders different names.")
    where = f"{torch.cuda.get_device_name(chosen)} and CPU" if chosen.type == "cuda" else "CPU"
    return Selection(tuple(methods), engine.workers, f"{where}, {threads} threads")
