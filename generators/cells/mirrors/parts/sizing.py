"""Sizes of a mirror's arrays of transistors: the units that make the ratio, and their cascodes."""

from __future__ import annotations

from collections.abc import Mapping

from mirrorneuron.generators.cells.mirrors.parts import checks
from mirrorneuron.generators.cells.mirrors.parts.spec import Cascoded, MirrorSpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.placement.rows import centred_rows, compact_rows
from mirrorneuron.generators.units import ArraySize, Unit

__all__ = ["array", "cascode_arrays", "cascode_unit", "main_array", "unit_of"]


def array(unit: Unit, counts: Mapping[str, int], *, dummy_rows: int = 0, dummy_columns: int = 1) -> ArraySize:
    """A compact common-centroid array of so many units by owner."""
    rows = centred_rows(compact_rows(sum(counts.values())), counts)
    return ArraySize(unit, common_centroid(counts, rows=rows, edge_rows=dummy_rows, edge_columns=dummy_columns))


def unit_of(spec: MirrorSpec) -> Unit:
    """The unit transistor.

    Raises
    ------
    SpecError
        The device has no such length, or the unit's current is too close to its leakage.
    """
    checks.length_fits(spec.main_device, "l", spec.l, spec.w)
    checks.above_leakage(spec, "current", spec.current, spec.unit_current)
    return Unit(spec.main_device, spec.w_nm, spec.l_nm)


def main_array(spec: MirrorSpec) -> ArraySize:
    """The units that make the ratio, by pin."""
    return array(unit_of(spec), spec.counts, dummy_rows=1)


def cascode_unit(spec: MirrorSpec) -> Unit:
    """The cascode of one unit's current; equal to the unit where the spec has no sizes for cascodes."""
    if isinstance(spec, Cascoded):
        checks.length_fits(spec.main_device, "cascode_l", spec.cascode_l, spec.cascode_w)
        return Unit(spec.main_device, spec.cascode_w_nm, spec.cascode_l_nm)
    return unit_of(spec)


def cascode_arrays(spec: MirrorSpec) -> dict[str, ArraySize]:
    """The cascodes of each pin's units: an array for each pin, as their sources are different nets.

    They have no dummies: the ratio does not depend on them, and dummies' gates would load the node below.
    """
    unit = cascode_unit(spec)
    return {pin: array(unit, {"cascode": count}, dummy_columns=0) for pin, count in spec.counts.items()}
