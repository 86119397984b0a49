"""From the spec to the array's unit and pattern, and to wires wide enough for the limit of their resistance."""

from __future__ import annotations

from functools import lru_cache

from mirrorneuron.generators.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.placement import STYLES, common_centroid, metrics
from mirrorneuron.generators.primitives.array import UnitGeometry, source_rail
from mirrorneuron.generators.primitives.spine import POWER_COLUMNS, POWER_COLUMNS_MAX, trunk_width
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import SHEET_OHM

__all__ = ["centroid_limit", "size_array", "size_wiring"]


@lru_cache(maxsize=4)
def size_array(spec: MatchedArraySpec) -> ArraySize:
    """The unit and where each drain's units lie.

    Raises
    ------
    SpecError
        The unit cannot be drawn, or the rows cannot hold the units.
    """
    unit = Unit(spec.device, spec.w_nm, spec.l_nm, spec.fingers)
    geometry = _geometry(unit)
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


def size_wiring(spec: MatchedArraySpec, size: ArraySize) -> tuple[int, int]:
    """Height of the source rails [nm] and vias side by side in the source's trunk.

    Each may make half of the allowed difference in resistance.

    Raises
    ------
    SpecError
        The widest do not suffice.
    """
    unit, pattern, half = _geometry(size.unit), size.pattern, spec.series_resistance / 2
    rail = source_rail(unit, pattern.columns, half)
    height = len(pattern.rows) * unit.row_pitch(len(pattern.rows), _tracks(size), rail)[0]
    for columns in range(POWER_COLUMNS, POWER_COLUMNS_MAX + 1):
        if SHEET_OHM["met3"] * height / trunk_width(columns) <= half:
            return rail, columns
    least = SHEET_OHM["met3"] * height / trunk_width(POWER_COLUMNS_MAX)
    raise SpecError(
        f"series_resistance is {spec.series_resistance:g} ohm, half of it for the source's trunk: at least {least:.3g} "
        f"ohm in an array {height / 1000:.0f} um high (m3.3c); allow more, or ask for fewer rows"
    )


def centroid_limit(spec: MatchedArraySpec) -> float:
    """Largest distance of a drain's centroid from the mean place of all units [um], as the pattern promises it."""
    size = size_array(spec)
    unit, pattern = _geometry(size.unit), size.pattern
    rail, _ = size_wiring(spec, size)
    pitch = (unit.pitch / 1000, unit.row_pitch(len(pattern.rows), _tracks(size), rail)[0] / 1000)
    return metrics.largest_offset(pattern.places(pitch))


def _geometry(unit: Unit) -> UnitGeometry:
    return UnitGeometry.of(unit.device, unit.width_nm, unit.length_nm, unit.fingers)


def _tracks(size: ArraySize) -> int:
    return max(len({owner for owner in row if owner}) for row in size.pattern.rows)
