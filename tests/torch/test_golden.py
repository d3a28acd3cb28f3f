"""The shipped weights give the descriptors they gave when they were made."""

import numpy as np
import torch

from ltcore.ltformer.backends import TorchBackend
from ltcore.ltformer.weights import load_weights

# sha256 of the weights, and the first values of the descriptors of both patches, float32 on a CPU.
SHA256 = "6af1182ae3992dfde4710fdedaafb6829dbae70175728a9eecff6800de5534e1"
GOLDEN = np.array(
    [
        [
            -0.032018,
            0.028572,
            -0.059488,
            -0.016963,
            -0.057792,
            -0.014911,
            -0.114101,
            -0.049145,
            0.039051,
            -0.129388,
            0.000694,
            0.009364,
        ],
        [
            -0.138462,
            0.070195,
            -0.091802,
            -0.050328,
            0.006728,
            0.004445,
            0.104735,
            0.188754,
            -0.033591,
            0.029621,
            -0.031467,
            0.056426,
        ],
    ]
)


def _patches(side):
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    waves = 128 + 100 * np.sin(5 * x + 2 * np.cos(3 * y)) * np.cos(4 * y - x)
    edge = np.where(x + 0.4 * y > 0.1, 200.0, 40.0) + 20 * y
    return np.stack([waves, edge]).astype(np.float32)


def test_golden_descriptors():
    spec, tensors = load_weights("ltformer-d128")
    backend = TorchBackend(tensors, spec.descriptor_dim, torch.device("cpu"))
    described = backend.describe(_patches(spec.sampling.patch_px))
    assert spec.sha256 == SHA256, "new weights were shipped: replace the golden values of this test"
    np.testing.assert_allclose(described[:, : GOLDEN.shape[1]], GOLDEN, atol=1e-4)
