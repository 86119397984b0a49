"""Unit, pattern and wires of a matched array, from its spec: wires as wide as the limit of their resistance asks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.placement import STYLES, common_centroid, metrics
from mirrorneuron.generators.primitives.spine import POWER_COLUMNS, POWER_COLUMNS_MAX, trunk_width
from mirrorneuron.generators.primitives.unit import UnitGeometry, source_rail, wiring_resistance
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import SHEET_OHM

__all__ = ["MatchedArrayWiring", "centroid_limit", "drawn_pitch", "size_array", "size_wiring"]

_SOURCE_OHM = 20.0
"""Limit of the source wires' resistance where the spec has none [ohm]."""


@lru_cache(maxsize=4)
def size_array(spec: MatchedArraySpec) -> ArraySize:
    """The unit transistor, and the placement of each drain's units.

    Raises
    ------
    SpecError
        The unit cannot be drawn, or the rows cannot hold the units.
    """
    unit = Unit(spec.device, spec.w_nm, spec.l_nm, spec.fingers)
    geometry = UnitGeometry.of(unit)
    counts = dict(zip(spec.drains, spec.ratios, strict=True))
    edges = {"edge_columns": spec.dummy_columns, "edge_rows": spec.dummy_rows}
    if spec.pattern != "common_centroid":
        if spec.max_rows is not None:
            raise SpecError(f"max_rows is {spec.max_rows}: only common_centroid chooses its rows; give rows instead")
        return ArraySize(unit, STYLES[spec.pattern](counts, rows=spec.rows or 1, **edges))
    # Every row is as high as one that holds all drains.
    pitch = (float(geometry.pitch), float(geometry.row_pitch(1, len(counts))[0]))
    pattern = common_centroid(counts, rows=spec.rows, max_rows=spec.max_rows, aspect=spec.aspect, pitch=pitch, **edges)
    return ArraySize(unit, pattern)


@dataclass(frozen=True)
class MatchedArrayWiring:
    """Height of the source rails [nm], vias side by side in the source's trunk, and largest differences in wiring
    resistance between two units, of source and of drain [ohm]."""

    rail_nm: int
    trunk_columns: int
    source_ohm: float
    drain_ohm: float


def size_wiring(spec: MatchedArraySpec, size: ArraySize) -> MatchedArrayWiring:
    """Wires for the spec's limit of resistance; without one, for 20 ohm as far as the widest wires reach.

    Raises
    ------
    SpecError
        The widest wires miss the spec's limit.
    """
    unit, pattern = UnitGeometry.of(size.unit), size.pattern
    limit = spec.series_resistance
    part = (_SOURCE_OHM if limit is None else limit) / 2
    rail = source_rail(unit, pattern.columns, part)
    height = len(pattern.rows) * unit.row_pitch(len(pattern.rows), _tracks(size), rail)[0]

    def trunk(columns: int) -> float:
        return SHEET_OHM["met3"] * height / trunk_width(columns)

    widths = range(POWER_COLUMNS, POWER_COLUMNS_MAX + 1)
    columns = next((n for n in widths if trunk(n) <= part), widths[-1])
    in_row, drain = wiring_resistance(unit, pattern.columns, rail)
    source = in_row + trunk(columns)
    if limit is not None and source > limit:
        raise SpecError(
            f"series_resistance is {limit:g} ohm: at least {source:.3g} ohm with the widest wires in an array of "
            f"{len(pattern.rows)} rows of {pattern.columns} units (m1.3a, m3.3c); allow more, or make it smaller"
        )
    return MatchedArrayWiring(rail, columns, source, drain + trunk(1))


def drawn_pitch(spec: MatchedArraySpec) -> tuple[float, float]:
    """Pitch of the units along a row, and of the rows [um]."""
    size = size_array(spec)
    unit, rows = UnitGeometry.of(size.unit), len(size.pattern.rows)
    row_pitch, _ = unit.row_pitch(rows, _tracks(size), size_wiring(spec, size).rail_nm)
    return unit.pitch / 1000, row_pitch / 1000


def centroid_limit(spec: MatchedArraySpec) -> float:
    """Largest distance of a drain's centroid from that of all units [um], by the pattern: 0 where a common centroid is
    possible."""
    return metrics.largest_offset(size_array(spec).pattern.places(drawn_pitch(spec)))


def _tracks(size: ArraySize) -> int:
    return max(len({owner for owner in row if owner}) for row in size.pattern.rows)
