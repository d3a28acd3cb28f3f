"""How fast the network describes patches on this CPU, by each backend, and how near to eager float32 PyTorch.

Windows of SIFT keypoints of all val scenes, visible and near-infrared. Rates are patches per second of CPU time: the
median of rounds in which all methods take turns. `python -m benchmarks.speed.descriptor --data FOLDER` writes
benchmarks/results/speed-descriptor.json.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.descriptor.scenes import load_scenes
from ltcore.features.patches import PatchSampling, sample_patches
from ltcore.features.sift import detect_keypoints
from ltcore.ltformer.backends import TorchBackend
from ltcore.ltformer.cpu_backend import OpenVinoBackend, has_bfloat16
from ltcore.ltformer.network import LTFormer
from ltcore.ltformer.onnx_backend import OnnxBackend
from ltcore.ltformer.weights import load_onnx, load_weights
from ltcore.versions import versions

Describe = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_RESULT = Path(__file__).resolve().parents[1] / "results" / "speed-descriptor.json"
_CHUNKS = (8, 16, 32, 64)
_START = """
import time; start = time.perf_counter()
import numpy as np
from ltcore.config import FeatureConfig
from ltcore.ltformer.describe import make_describer
from ltcore.progress import NullProgress
from ltcore.types import Keypoints
describer = make_describer(FeatureConfig(device="cpu", backend="{backend}"))
keypoints = Keypoints(np.full((10, 2), 100.0), np.full(10, 4.0), np.zeros(10), np.ones(10))
image = np.random.default_rng(0).uniform(0, 255, (200, 200)).astype(np.float32)
describer.describe(image, keypoints, 0.0, NullProgress())
print(time.perf_counter() - start)
"""


def val_patches(data: Optional[Path], sampling: PatchSampling) -> NDArray[np.float32]:
    """Returns the windows of at most 100 keypoints of each image of the val split, turned by SIFT's orientation."""
    patches = []
    for scene in load_scenes(data, "val"):
        for image in (scene.visible, scene.nir):
            keypoints = detect_keypoints(image, np.ones(image.shape, bool), 100)
            patches.append(sample_patches(image, keypoints, keypoints.angle_deg, sampling))
    return np.concatenate(patches)


def eager(network: LTFormer, chunk: int) -> Describe:
    """Returns PyTorch, operator by operator, in chunks of so many patches."""

    def describe(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = [network(part).numpy() for part in torch.from_numpy(patches).split(chunk)]
        return np.concatenate(parts)

    return describe


def rates(methods: dict[str, Describe], patches: NDArray[np.float32], rounds: int) -> dict[str, dict[str, float]]:
    """Returns patches per second of CPU time (median, least, largest) and of wall time (median) of each method."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in methods}
    for describe in methods.values():
        describe(patches[:256])
    for _ in range(rounds):
        for name, describe in methods.items():
            cpu, wall = time.process_time(), time.perf_counter()
            describe(patches)
            seconds[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    table = {}
    for name, pairs in seconds.items():
        cpu_rates, wall_rates = (len(patches) / np.array(column) for column in zip(*pairs))
        table[name] = {
            "per_cpu_s": round(float(np.median(cpu_rates))),
            "per_cpu_s_least": round(float(cpu_rates.min())),
            "per_cpu_s_most": round(float(cpu_rates.max())),
            "per_wall_s": round(float(np.median(wall_rates))),
        }
    return table


def cold_start(backend: str, rounds: int) -> dict[str, float]:
    """Returns the seconds, median, from a fresh interpreter's first import to the first ten descriptors."""
    walls, cpus = [], []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        code = [sys.executable, "-c", _START.format(backend=backend)]
        done = subprocess.run(code, capture_output=True, text=True, check=True)  # noqa: S603 - this file's own text
        walls.append(float(done.stdout))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"wall_s": round(float(np.median(walls)), 2), "cpu_s": round(float(np.median(cpus)), 2)}


class _Traffic(TorchDispatchMode):
    """Adds up the bytes that operators read and write; views move none."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Returns the operator's result."""
        result = func(*args, **(kwargs or {}))
        if not func.is_view and func.namespace == "aten":
            tensors = torch.utils._pytree.tree_leaves((args, kwargs, result))
            self.bytes += sum(each.numel() * each.element_size() for each in tensors if isinstance(each, torch.Tensor))
        return result


def roofline(network: LTFormer, patches: NDArray[np.float32], mflop: float) -> dict[str, float]:
    """Returns the network's work a patch, and what this CPU does at most, on one core."""
    with torch.inference_mode(), _Traffic() as traffic:
        network(torch.from_numpy(patches[:32]))
    weights = sum(each.numel() for each in network.parameters()) * 4
    return {
        "mflop_per_patch": mflop,
        "eager_mbyte_per_patch": round(traffic.bytes / 32 / 1e6, 2),
        "least_mbyte_per_patch": round((patches[0].nbytes + 512 + weights / 32) / 1e6, 3),
        "gflop_s_float32": _matmul_gflop_s(torch.float32),
        "gflop_s_bfloat16": _matmul_gflop_s(torch.bfloat16),
        "cache_gbyte_s": _copy_gbyte_s(2**17),
        "memory_gbyte_s": _copy_gbyte_s(2**26),
    }


def _matmul_gflop_s(dtype: torch.dtype) -> float:
    """Returns what oneDNN reaches in products of two 256 x 256 matrices: on AMD it is twice as fast as MKL."""
    a, b = (torch.rand(256, 256).to(dtype) for _ in range(2))

    def products() -> None:
        for _ in range(20):
            torch.ops.mkldnn._linear_pointwise(a, b, None, "none", [], "")

    with torch.inference_mode():
        return round(20 * 2 * 256**3 / _best_seconds(products) / 1e9)


def _copy_gbyte_s(count: int) -> float:
    """Returns bytes read and written a second in copying so many float32 numbers."""
    source, target = torch.rand(count), torch.empty(count)
    return round(8 * count / _best_seconds(lambda: target.copy_(source)) / 1e9)


def _best_seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(20):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return max(1e-9, min(times))


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the data; else LTFORMER_DATA.")
@click.option("--count", default=1024, show_default=True, help="Patches of each timed call.")
@click.option("--rounds", default=7, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=_RESULT, show_default=True)
def main(data: Optional[Path], count: int, rounds: int, out: Path) -> None:
    """Times the network by each backend on this CPU and compares their descriptors."""
    torch.set_num_threads(1)
    spec, tensors = load_weights("ltformer-d128")
    network = LTFormer(spec.descriptor_dim, initialise=False)
    network.load_state_dict(tensors, strict=False)
    network.eval().requires_grad_(False)
    patches = val_patches(data, spec.sampling)
    methods: dict[str, Describe] = {f"eager, chunks of {chunk}": eager(network, chunk) for chunk in _CHUNKS}
    methods["eager, one batch of 256"] = eager(network, 256)
    methods["torch backend"] = TorchBackend(tensors, spec.descriptor_dim, torch.device("cpu")).describe
    for mixed in (False, True) if has_bfloat16() else (False,):
        backend = OpenVinoBackend(tensors, spec.sampling.patch_px, 1, mixed)
        methods[backend.label] = backend.describe
    onnx = OnnxBackend(load_onnx("ltformer-d128", spec), spec.sampling.patch_px, 1)
    methods[onnx.label] = onnx.describe
    expected = methods["eager, chunks of 16"](patches)
    table = rates(methods, patches[:: max(1, len(patches) // count)][:count], rounds)
    for name, describe in methods.items():
        if name.startswith(("OpenVINO", "ONNX")):
            cosines = (describe(patches).astype(np.float64) * expected).sum(axis=1)
            table[name].update(cosine_min=round(cosines.min(), 6), cosine_mean=round(cosines.mean(), 6))
    best = max(row["per_cpu_s"] for name, row in table.items() if name.startswith("eager"))
    for row in table.values():
        row["times_eager"] = round(row["per_cpu_s"] / best, 2)
    result = {
        "cpu": torch.cpu.get_capabilities().get("cpu_name", platform.processor()),
        "threads": 1,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "rounds": rounds,
        "patches_timed": count,
        "patches_compared": len(patches),
        "versions": versions(),
        "weights_sha256": spec.sha256,
        "roofline_of_one_core": roofline(network, patches, spec.mflop_per_patch),
        "methods": table,
        "cold_start": {backend: cold_start(backend, 5) for backend in ("torch", "onnx", "auto")},
    }
    out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, row in table.items():
        click.echo(f"{name:32} {row['per_cpu_s']:6} patches/s of a core  {row['times_eager']:5} x")


if __name__ == "__main__":
    main()
