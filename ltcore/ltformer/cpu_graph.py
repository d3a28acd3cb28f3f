"""The network as a graph for OpenVINO: the function of network.LTFormer, rearranged for CPUs.

The rearrangements are exact; in float32 only rounding differs:

- Scale and shift of a LayerNorm go into the weights behind it.
- Everything written to the residual stream is centred (over its channels) in the weights that write it: nothing that
  reads the stream sees its mean, and LayerNorm needs none.
- Attention with few heads: per head, Q K^T = X (Wq Wk^T) S^T and (A V) Wp = A (S Wv Wp), so that the products with the
  weights are done for the few reduced tokens S only instead of for all tokens X.
- Scores lie as (keys, tokens): softmax then runs along whole vectors.

With `mixed`, the MLPs of all stages but the last work in bfloat16: they take most of the time, and all else (attention,
residual stream, the last stage, where bfloat16 costs four times more accuracy than in the rest) stays float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..types import FloatArray
from .network import BLOCKS, EPS, FLAT_DEVIATION, HEADS, REDUCTIONS

if TYPE_CHECKING:
    from openvino import Model
    from torch import Tensor

_Node = Any  # of OpenVINO, which has no types for what its operators return

_FOLDED_HEADS = 4  # up to so many heads, folding makes attention cheaper
_EMBED_STRIDES = (4, 2, 2, 2)


@dataclass(frozen=True)
class _Linear:
    """A linear map or convolution: weights (out, in, ...) and bias (out,)."""

    weight: FloatArray
    bias: FloatArray

    def after(self, scale: FloatArray, shift: FloatArray) -> _Linear:
        """Returns this map of scale * x + shift as a map of x; not for convolutions that pad."""
        channels = (1, -1, *[1] * (self.weight.ndim - 2))
        shifted = (self.weight * shift.reshape(channels)).reshape(len(self.bias), -1).sum(axis=1)
        return _Linear(self.weight * scale.reshape(channels), self.bias + shifted)

    def centred(self) -> _Linear:
        """Returns this map followed by subtracting the mean over its outputs."""
        return _Linear(self.weight - self.weight.mean(axis=0), self.bias - self.bias.mean())

    def rows(self, part: slice) -> _Linear:
        """Returns the map to some of the outputs."""
        return _Linear(self.weight[part], self.bias[part])


class _Weights:
    """The network's tensors by name, in float64."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self._arrays = {name: tensor.double().numpy() for name, tensor in tensors.items()}

    def __getitem__(self, name: str) -> FloatArray:
        return self._arrays[name]

    def linear(self, name: str) -> _Linear:
        return _Linear(self[f"{name}.weight"], self[f"{name}.bias"])

    def norm(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Returns scale and shift of a LayerNorm."""
        return self[f"{name}.weight"], self[f"{name}.bias"]


def build_graph(tensors: dict[str, Tensor], patch_px: int, batch: int, mixed: bool) -> Model:
    """Returns a graph that turns (batch, P, P) float32 grey patches into (batch, D) descriptors of L2 norm 1.

    Args:
        tensors: the network's weights, with the names of network.LTFormer.
        patch_px: rows and columns P of a patch, a multiple of 32.
        batch: patches of each run: fixed shapes run twice as fast as any.
        mixed: whether the MLPs but the last stage's work in bfloat16.
    """
    import openvino as ov  # noqa: PLC0415 - an optional package, made silent by its importer
    import openvino.opset13 as ops  # noqa: PLC0415

    weights = _Weights(tensors)
    patches = ops.parameter([batch, patch_px, patch_px], np.float32, name="patches")
    image, side = _normalised_patches(ops, patches, patch_px), patch_px
    for index, stride in enumerate(_EMBED_STRIDES):
        side //= stride
        stage = _Stage(ops, weights, index, side, mixed and index < len(_EMBED_STRIDES) - 1)
        tokens = stage.run(image)
        image = stage.as_image(tokens)
    return ov.Model([_described(ops, weights, tokens)], [patches], "ltformer")


def _normalised_patches(ops: Any, patches: _Node, patch_px: int) -> _Node:
    """Returns (B, 1, P, P) patches of mean 0 and deviation 1; see network.normalise_patches."""
    values = ops.reshape(patches, [0, -1], special_zero=True)
    centred = values - ops.reduce_mean(values, [1], keep_dims=True)
    variance = ops.reduce_sum(centred * centred, [1], keep_dims=True) / _constant(ops, patch_px**2 - 1)
    deviation = ops.maximum(ops.sqrt(variance), _constant(ops, FLAT_DEVIATION))
    return ops.reshape(centred / deviation, [-1, 1, patch_px, patch_px], special_zero=False)


def _described(ops: Any, weights: _Weights, tokens: _Node) -> _Node:
    """Returns (B, D) descriptors of the last stage's (B, N, D) tokens: mean, head, L2 norm."""
    features = ops.reduce_mean(tokens, [1], keep_dims=False)
    centred = features - _constant(ops, weights["head.running_mean"])
    scaled = centred * _constant(ops, 1 / np.sqrt(weights["head.running_var"] + 1e-5))
    norm = ops.sqrt(ops.reduce_sum(scaled * scaled, [1], keep_dims=True))
    return scaled / ops.maximum(norm, _constant(ops, 1e-12))


def _constant(ops: Any, values: FloatArray | float, half: bool = False) -> _Node:
    constant = ops.constant(np.ascontiguousarray(values, dtype=np.float32))
    return ops.convert(constant, "bf16") if half else constant


class _Stage:
    """One stage of the network, of (B, N, C) tokens in rows of `side`."""

    def __init__(self, ops: Any, weights: _Weights, index: int, side: int, mixed: bool) -> None:
        self._ops, self._weights, self._mixed = ops, weights, mixed
        self._index, self._side = index, side
        self._width = len(weights[f"stages.{index}.norm.bias"])

    def run(self, image: _Node) -> _Node:
        """Returns the stage's tokens of the (B, C', H, W) image before it."""
        name = f"stages.{self._index}"
        embed = self._weights.linear(f"{name}.embed.conv").centred()
        tokens = self._as_tokens(self._convolved(image, embed, _EMBED_STRIDES[self._index]))
        tokens = self._normalised(tokens, self._weights.norm(f"{name}.embed.norm"))
        tokens = tokens - self._ops.reduce_mean(tokens, [-1], keep_dims=True)
        for block in range(BLOCKS):
            tokens = tokens + self._attention(f"{name}.blocks.{block}", self._normalised(tokens))
            tokens = tokens + self._mlp(f"{name}.blocks.{block}", self._normalised(tokens))
        return self._normalised(tokens, self._weights.norm(f"{name}.norm"))

    def as_image(self, tokens: _Node) -> _Node:
        """Returns (B, N, C) tokens as (B, C, H, W)."""
        return self._ops.transpose(self._split(tokens, [self._side, self._side, -1]), [0, 3, 1, 2])

    def _as_tokens(self, image: _Node) -> _Node:
        channels_last = self._ops.transpose(image, [0, 2, 3, 1])
        batch, rows, columns, width = channels_last.shape
        return self._ops.reshape(channels_last, [batch, rows * columns, width], special_zero=False)

    def _split(self, tokens: _Node, shape: list[int]) -> _Node:
        return self._ops.reshape(tokens, [tokens.shape[0], *shape], special_zero=False)

    def _normalised(self, tokens: _Node, affine: tuple[FloatArray, FloatArray] | None = None) -> _Node:
        """Returns LayerNorm of tokens whose mean is 0 already."""
        ops = self._ops
        square = ops.reduce_mean(tokens * tokens, [-1], keep_dims=True)
        normalised = tokens * (_constant(ops, 1.0) / ops.sqrt(square + _constant(ops, EPS)))
        if affine is None:
            return normalised
        return normalised * _constant(ops, affine[0]) + _constant(ops, affine[1])

    def _linear(self, tokens: _Node, layer: _Linear, half: bool = False) -> _Node:
        product = self._ops.matmul(tokens, _constant(self._ops, layer.weight, half), False, True)
        return product + _constant(self._ops, layer.bias, half)

    def _convolved(self, image: _Node, layer: _Linear, stride: int, pad: bool = True) -> _Node:
        padding = [layer.weight.shape[-1] // 2 if pad else 0] * 2
        weight = _constant(self._ops, layer.weight)
        mapped = self._ops.convolution(image, weight, [stride] * 2, padding, padding, [1, 1])
        return mapped + _constant(self._ops, layer.bias.reshape(1, -1, 1, 1))

    def _attention(self, name: str, tokens: _Node) -> _Node:
        """Returns the attention of normalised tokens, without norm1's scale and shift, to the reduced ones."""
        weights, first = self._weights, self._weights.norm(f"{name}.norm1")
        name, reduction = f"{name}.attention", REDUCTIONS[self._index]
        seen, seen_norm = tokens, first
        if reduction > 1:
            reduce = weights.linear(f"{name}.reduce").after(*first).centred()
            seen = self._as_tokens(self._convolved(self.as_image(tokens), reduce, reduction, pad=False))
            seen, seen_norm = self._normalised(seen), weights.norm(f"{name}.norm")
        query = weights.linear(f"{name}.q").after(*first)
        both = weights.linear(f"{name}.kv").after(*seen_norm)
        key, value = both.rows(slice(self._width)), both.rows(slice(self._width, None))
        project = weights.linear(f"{name}.proj").centred()
        attend = self._folded if HEADS[self._index] <= _FOLDED_HEADS else self._plain
        return attend(tokens, seen, (query, key, value, project))

    def _plain(self, tokens: _Node, seen: _Node, layers: tuple[_Linear, ...]) -> _Node:
        """Returns the projected attention, head by head as network.Attention computes it."""
        ops, heads = self._ops, HEADS[self._index]
        query, key, value, project = layers
        width = self._width // heads
        scaled = _Linear(query.weight * width**-0.5, query.bias * width**-0.5)
        queries, keys, values = (
            ops.transpose(self._split(self._linear(of, layer), [of.shape[1], heads, width]), [0, 2, 1, 3])
            for of, layer in ((tokens, scaled), (seen, key), (seen, value))
        )
        share = ops.softmax(ops.matmul(queries, keys, False, True), -1)
        mixed = ops.transpose(ops.matmul(share, values, False, False), [0, 2, 1, 3])
        return self._linear(self._split(mixed, [tokens.shape[1], self._width]), project)

    def _folded(self, tokens: _Node, seen: _Node, layers: tuple[_Linear, ...]) -> _Node:
        """Returns the projected attention by products with the few tokens `seen` only (see the module)."""
        ops, heads = self._ops, HEADS[self._index]
        count, keys = tokens.shape[1], seen.shape[1]
        to_keys, to_offsets, to_values = _fold(layers, heads)
        headed = [0, 2, 1, 3]
        folded_keys, values = (
            self._split(
                ops.transpose(self._split(self._linear(seen, layer), [keys, heads, self._width]), headed),
                [heads * keys, self._width],
            )
            for layer in (to_keys, to_values)
        )
        offsets = self._split(ops.transpose(self._linear(seen, to_offsets), [0, 2, 1]), [heads * keys, 1])
        scores = ops.matmul(folded_keys, tokens, False, True) + offsets
        share = ops.softmax(self._split(scores, [heads, keys, count]), 2)
        return ops.matmul(self._split(share, [heads * keys, count]), values, True, False)

    def _mlp(self, name: str, tokens: _Node) -> _Node:
        """Returns the MLP of normalised tokens, without norm2's scale and shift."""
        ops, weights, half = self._ops, self._weights, self._mixed
        first = weights.linear(f"{name}.mlp.fc1").after(*weights.norm(f"{name}.norm2"))
        depthwise = weights.linear(f"{name}.mlp.depthwise")
        hidden = self.as_image(self._linear(ops.convert(tokens, "bf16") if half else tokens, first, half))
        kernels = _constant(ops, depthwise.weight[:, None], half)  # groups of one channel
        mapped = ops.group_convolution(hidden, kernels, [1, 1], [1, 1], [1, 1], [1, 1])
        mapped = mapped + _constant(ops, depthwise.bias.reshape(1, -1, 1, 1), half)
        active = self._as_tokens(ops.gelu(mapped, "erf"))
        result = self._linear(active, weights.linear(f"{name}.mlp.fc2").centred(), half)
        return ops.convert(result, "f32") if half else result


def _fold(layers: tuple[_Linear, ...], heads: int) -> tuple[_Linear, _Linear, _Linear]:
    """Returns the maps of the reduced tokens to folded keys, to the scores' offsets and to projected values.

    With q = Wq x + bq and k = Wk s + bk of one head, q.k = x.(Wq^T Wk s + Wq^T bk) + (Wk^T bq).s + bk.bq. The shares of
    a head add up to 1, so the projection's bias may be added to the values of one of them.
    """
    query, key, value, project = layers
    width = len(query.bias) // heads
    keys, offsets, values = [], [], []
    for head in range(heads):
        part = slice(head * width, (head + 1) * width)
        q, k, v, p = query.rows(part), key.rows(part), value.rows(part), project.weight[:, part]
        keys.append(_Linear(q.weight.T @ k.weight, q.weight.T @ k.bias))
        offsets.append(_Linear((k.weight.T @ q.bias)[None], np.array([k.bias @ q.bias])))
        values.append(_Linear(p @ v.weight, p @ v.bias + (project.bias if head == 0 else 0)))
    scale = width**-0.5
    return _stacked(keys, scale), _stacked(offsets, scale), _stacked(values, 1.0)


def _stacked(layers: list[_Linear], scale: float) -> _Linear:
    weight = np.concatenate([layer.weight for layer in layers]) * scale
    return _Linear(weight, np.concatenate([layer.bias for layer in layers]) * scale)
