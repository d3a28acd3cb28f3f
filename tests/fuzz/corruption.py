"""Real GeoTIFFs, damaged: cut short, bits flipped, parts overwritten, in the header or anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import hypothesis.strategies as st
from osgeo import gdal

ORCHARD = Path(__file__).resolve().parents[2] / "samples" / "orchard"
LAYOUTS = {
    "plain": [],
    "deflate": ["COMPRESS=DEFLATE", "PREDICTOR=2"],
    "tiled LZW": ["COMPRESS=LZW", "TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64"],
    "big": ["BIGTIFF=YES", "COMPRESS=PACKBITS"],
}
SIDE = 192
_HEADER = 512  # bytes at either end, where GeoTIFF keeps its tags


@dataclass(frozen=True)
class Damage:
    """What is done to a file: `flips` (place from 0 to 1, bit), where in it, and what length of it remains."""

    layout: str
    role: str
    region: str
    flips: tuple[tuple[float, int], ...]
    kept: float
    blanked: tuple[float, float, int]

    def of(self, data: bytes) -> bytes:
        """Returns the damaged bytes."""
        changed = bytearray(data)
        for place, bit in self.flips:
            changed[self._index(place, len(changed))] ^= 1 << bit
        start, share, value = self.blanked
        first = int(start * len(changed))
        length = int(share * (len(changed) - first))
        changed[first : first + length] = bytes([value]) * length
        return bytes(changed[: max(1, int(self.kept * len(changed)))])

    def _index(self, place: float, length: int) -> int:
        if self.region == "first":
            return int(place * (min(_HEADER, length) - 1))
        if self.region == "last":
            return length - 1 - int(place * (min(_HEADER, length) - 1))
        return int(place * (length - 1))


_share = st.floats(0, 1)
damages = st.builds(
    Damage,
    layout=st.sampled_from(sorted(LAYOUTS)),
    role=st.sampled_from(["reference", "sensed"]),
    region=st.sampled_from(["first", "last", "anywhere"]),
    flips=st.lists(st.tuples(_share, st.integers(0, 7)), min_size=1, max_size=12).map(tuple),
    kept=st.one_of(st.just(1.0), st.just(1.0), _share),
    blanked=st.one_of(st.just((0.0, 0.0, 0)), st.tuples(_share, st.floats(0, 0.2), st.sampled_from([0, 255]))),
)


def make_originals(folder: Path) -> dict[tuple[str, str], Path]:
    """Writes cut-outs of the orchard pair in every layout; returns (layout, role) -> file."""
    originals = {}
    for role, band in (("reference", "red"), ("sensed", "nir")):
        for layout, options in LAYOUTS.items():
            path = folder / f"{role}-{layout.replace(' ', '-')}.tif"
            window = [500, 400, SIDE, SIDE]
            gdal.Translate(str(path), str(ORCHARD / f"{band}.tif"), srcWin=window, creationOptions=options)
            originals[layout, role] = path
    return originals
