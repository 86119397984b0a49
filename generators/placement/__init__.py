"""Placement of the units of matched devices: counts in, a grid of owners out, no geometry.

`common_centroid` matches best; `interdigitated`, `abba` and `block` are the other styles. `metrics` has figures of any
pattern.
"""

from __future__ import annotations

from collections.abc import Callable

from mirrorneuron.generators.placement.centred import common_centroid
from mirrorneuron.generators.placement.named import abba, block, interdigitated
from mirrorneuron.generators.placement.pattern import MAX_UNITS, Pattern, Places

__all__ = ["MAX_UNITS", "STYLES", "Pattern", "Places", "abba", "block", "common_centroid", "interdigitated"]

STYLES: dict[str, Callable[..., Pattern]] = {
    "common_centroid": common_centroid,
    "interdigitated": interdigitated,
    "abba": abba,
    "block": block,
}
"""Style to the function that makes its pattern; all take ``counts``, ``rows``, ``edge_columns`` and ``edge_rows``."""
