"""The way back, output px -> sensed px, cut into pieces that gdal.Warp can follow exactly: RPC polynomials.

A 3x3 matrix is a rational polynomial of degree one, so a whole tile is one piece. A map that bends is a cubic
polynomial where it is looked at closely enough: a piece is halved along both axes until a cubic is as good as the map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Protocol, Union

import numpy as np
from numpy.typing import ArrayLike

from ..errors import OutputError
from ..geometry.models import PlaneMap
from ..geometry.transforms import apply_matrix
from ..progress import Progress, checkpoint
from ..types import FloatArray
from .rpc import rpc_metadata

Size = tuple[int, int]
Bounds = tuple[int, int, int, int]  # first column, first row, last column + 1, last row + 1

_CUBIC_ERROR_PX = 0.02  # largest distance of the cubic from the map, sensed px
_LARGEST_PIECE = 512  # output px; a wider one would hide bends between the places where the cubic is checked
_SMALLEST_PIECE = 8
_MARGIN = 8  # output px around the image of the border, which is bent between the points it is drawn by
_NODES = 7
# Where the powers of longitude and latitude stand among the 20 terms of an RPC polynomial, and their exponents.
_TERMS = {
    0: (0, 0),
    1: (1, 0),
    2: (0, 1),
    4: (1, 1),
    7: (2, 0),
    8: (0, 2),
    11: (3, 0),
    12: (1, 2),
    14: (2, 1),
    15: (0, 3),
}


@dataclass(frozen=True)
class Piece:
    """Part of the output: first column and row, width and height, its RPC metadata and degrees an output px."""

    corner: tuple[int, int]
    size: tuple[int, int]
    metadata: dict[str, str]
    degree: float


class Backward(Protocol):
    """A map output px -> sensed px."""

    def footprint(self, border: FloatArray, size: tuple[int, int]) -> Bounds:
        """Returns the part of an output of `size` that shows what lies within (N, 2) points, in sensed px."""
        ...

    def pieces(self, corner: Size, size: Size, sensed: Size, progress: Progress) -> Iterator[Piece]:
        """Yields pieces that cover a tile of the output; `sensed` is the size of the sensed raster."""
        ...


def backward_of(transform: PlaneMap, to_reference: FloatArray) -> Backward:
    """Returns the way back of a transform sensed px -> reference px.

    Args:
        transform: with a matrix or without.
        to_reference: (3, 3) affine matrix, output px -> reference px.
    """
    if transform.matrix is not None:
        return _PlaneBackward(np.linalg.inv(transform.matrix) @ to_reference)
    to_output = transform.between(np.eye(3), np.linalg.inv(to_reference))
    return _BentBackward(to_output, to_output.inverse())


@dataclass(frozen=True)
class _PlaneBackward:
    matrix: FloatArray

    def footprint(self, border: FloatArray, size: tuple[int, int]) -> Bounds:
        """Outside it nothing is computed: there a projective map may pass its horizon and show the image again."""
        to_output = np.linalg.inv(self.matrix)
        to_output /= to_output[2, 2]
        _check_horizon(to_output, border)
        left, top, right, bottom = _bounds(apply_matrix(to_output, border), size, 0)
        _check_horizon(self.matrix, np.array([[left, top], [right, top], [left, bottom], [right, bottom]]))
        return left, top, right, bottom

    def pieces(self, corner: Size, size: Size, sensed: Size, progress: Progress) -> Iterator[Piece]:
        checkpoint(progress)
        moved = self.matrix @ np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1.0]])
        yield Piece(corner, size, *rpc_metadata(moved, size, sensed))


@dataclass(frozen=True)
class _BentBackward:
    to_output: PlaneMap
    to_sensed: Callable[[ArrayLike], FloatArray]

    def footprint(self, border: FloatArray, size: tuple[int, int]) -> Bounds:
        seen = self.to_output(border)
        if not np.isfinite(seen).all():
            raise OutputError(
                "The warped raster was not written.",
                f"The {self.to_output.model} transform breaks down at the border of the image.",
                "Choose a simpler transform, or look at the tie points.",
            )
        return _bounds(seen, size, _MARGIN)

    def pieces(self, corner: Size, size: Size, sensed: Size, progress: Progress) -> Iterator[Piece]:
        """A piece that no place of the sensed image maps to, or only a fold of the map, is left out."""
        checkpoint(progress)  # there may be many before the next that is not left out
        piece = self._cubic(corner, size, sensed) if max(size) <= _LARGEST_PIECE else None
        if piece is not None:
            yield piece
            return
        if max(size) <= _SMALLEST_PIECE:
            return
        for x, width in _halves(corner[0], size[0]):
            for y, height in _halves(corner[1], size[1]):
                yield from self.pieces((x, y), (width, height), sensed, progress)

    def _cubic(self, corner: tuple[int, int], size: tuple[int, int], sensed: tuple[int, int]) -> Union[Piece, None]:
        """Returns the piece with the cubic that goes through the map, or None where it does not follow it."""
        half, sensed_half, centre = max(size) / 2, max(sensed) / 2, np.array(sensed) / 2
        steps = (np.linspace(-1, 1, 2 * _NODES - 1) + np.zeros((2, 1))) * np.array(size)[:, None] / (2 * half)
        x, y = np.meshgrid(*steps)
        fitted = np.zeros(x.shape, np.bool_)
        fitted[::2, ::2] = True  # the nodes between them are checked only
        xy, chosen = np.column_stack([x.ravel(), y.ravel()]), fitted.ravel()
        place = self.to_sensed(xy * half + np.array(corner) + np.array(size) / 2)
        if not np.isfinite(place).all():
            return None
        terms = np.column_stack([xy[:, 0] ** i * xy[:, 1] ** j for i, j in _TERMS.values()])
        goal = (place - centre) / sensed_half
        solution, *_ = np.linalg.lstsq(terms[chosen], goal[chosen], rcond=None)
        error = np.abs(terms @ solution - goal).max() * sensed_half
        if error > _CUBIC_ERROR_PX:
            return None
        metadata, degree = rpc_metadata(np.eye(3), size, sensed)
        for name, values in zip(("SAMP_NUM_COEFF", "LINE_NUM_COEFF"), solution.T):
            metadata[name] = _twenty(values)
        for name in ("SAMP_DEN_COEFF", "LINE_DEN_COEFF"):
            metadata[name] = _twenty(np.array([1.0]))
        return Piece(corner, size, metadata, degree)


def _twenty(values: FloatArray) -> str:
    coefficients = [0.0] * 20
    for position, value in zip(_TERMS, values):
        coefficients[position] = float(value)
    return " ".join(map(repr, coefficients))


def _halves(start: int, length: int) -> list[tuple[int, int]]:
    if length <= _SMALLEST_PIECE:
        return [(start, length)]
    return [(start, length // 2), (start + length // 2, length - length // 2)]


def _bounds(seen: FloatArray, size: tuple[int, int], margin: int) -> Bounds:
    left, top = np.clip(np.floor(seen.min(axis=0)) - margin, 0, size).astype(int)
    right, bottom = np.clip(np.ceil(seen.max(axis=0)) + margin, 0, size).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _check_horizon(matrix: FloatArray, border: FloatArray) -> None:
    depth = border @ matrix[2, :2] + matrix[2, 2]
    if depth.min() * depth.max() <= 0:
        raise OutputError(
            "The warped raster was not written.",
            "The projective transform has its horizon inside the image.",
            "Choose an affine transform, or look at the tie points.",
        )
