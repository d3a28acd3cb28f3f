"""The shipped weights give the descriptors they gave when they were made."""

import numpy as np
import torch

from ltcore.ltformer.backends import TorchBackend
from ltcore.ltformer.weights import load_weights

# sha256 of the weights, and the first values of the descriptors of both patches, float32 on a CPU.
SHA256 = "81d58343499b74f539c34b624f86f6120b31a7a212ac9a1aacafab58d69a86ba"
GOLDEN = np.array(
    [
        [
            0.065376,
            -0.004714,
            0.205882,
            0.102946,
            0.124839,
            0.022477,
            -0.088664,
            0.059249,
            0.127584,
            -0.005826,
            -0.075806,
            -0.032073,
        ],
        [
            -0.189445,
            0.021808,
            0.119061,
            0.038419,
            0.032102,
            -0.003511,
            -0.036165,
            0.012512,
            0.237420,
            -0.089108,
            0.046564,
            -0.008346,
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
