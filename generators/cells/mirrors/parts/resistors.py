"""Resistors of a mirror: equal bars, whose length and number in series follow from a resistance."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt
from typing import Annotated, TypeAlias

from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.placement.rows import centred_rows
from mirrorneuron.generators.primitives.resistor import bar_height, bar_pitch
from mirrorneuron.generators.spec import OneOf
from mirrorneuron.generators.units import ResistorArray
from mirrorneuron.pdk_sky130.devices import BAR_LENGTH_MAX_NM, BAR_LENGTH_MIN_NM, POLY_RESISTORS, poly_resistor
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM

__all__ = ["BARS_MAX", "RESISTOR_TEXT", "Resistor", "resistor_array"]

BARS_MAX = 1024
"""Most bars of one array."""
_USUAL_NM = 25_000
"""Longest bar where the number of bars does not ask for longer ones [nm]."""
_LOWEST, _HIGHEST = "res_high_po_5p73", "res_xhigh_po_0p35"

Resistor: TypeAlias = Annotated[
    str,
    OneOf(
        words=tuple(POLY_RESISTORS),
        rule="the high-ohmic poly resistors of the process, in the widths that it has",
        remedy="xhigh has 2000 ohm per square, high 320; wider bars match better",
    ),
]
"""The field ``resistor``."""
RESISTOR_TEXT = "Kind and width of the resistors' bars"


def resistor_array(device: str, ohm: float, counts: Mapping[str, int], description: str) -> ResistorArray:
    """Resistors of `ohm` over the owner's count, by owner.

    A bar has the length on the grid that is nearest to the value, up to 25 um; longer bars are used only where there
    would be too many otherwise.

    Raises
    ------
    SpecError
        The resistance is below that of the shortest bar, or needs more than `BARS_MAX` bars; `description` names it in
        the message.
    """
    bar = poly_resistor(device)
    series_max = BARS_MAX // sum(counts.values())
    _check_range(device, ohm, counts, description)
    series = ceil(ohm / bar.resistance(_USUAL_NM))
    if series > series_max:
        series = ceil(ohm / bar.resistance(BAR_LENGTH_MAX_NM))
    length = GRID_NM * round(bar.length_nm(ohm / series) / GRID_NM)
    bars = {owner: count * series for owner, count in counts.items()}
    total = sum(bars.values())
    square = max(1, round(sqrt(total * bar_pitch(device) / bar_height(device, length))))
    rows = min(centred_rows(square, bars), total)
    return ResistorArray(device, length, common_centroid(bars, rows=rows), series)


def _check_range(device: str, ohm: float, counts: Mapping[str, int], description: str) -> None:
    bar, owners = poly_resistor(device), sum(counts.values())
    shortest, longest = bar.resistance(BAR_LENGTH_MIN_NM), bar.resistance(BAR_LENGTH_MAX_NM)
    if ohm < shortest:
        least = poly_resistor(_LOWEST).resistance(BAR_LENGTH_MIN_NM)
        other = f"resistor: {_LOWEST} (from {least:.3g} ohm), " if ohm >= least else ""
        raise SpecError(
            f"{description} is {ohm:.4g} ohm: the shortest bar of {device}, {BAR_LENGTH_MIN_NM / 1000:g} um, has "
            f"{shortest:.4g} ohm. Take a larger resistance, {other}or less current a unit"
        )
    if ohm > longest * (BARS_MAX // owners):
        most = poly_resistor(_HIGHEST).resistance(BAR_LENGTH_MAX_NM) * (BARS_MAX // owners)
        other = f"resistor: {_HIGHEST} (up to {most:.3g} ohm), " if ohm <= most else ""
        raise SpecError(
            f"{description} is {ohm:.4g} ohm: {owners} of them in {device} would be more than {BARS_MAX} bars "
            f"of {BAR_LENGTH_MAX_NM / 1000:g} um ({longest:.4g} ohm each). Take a smaller resistance, {other}or more "
            "current a unit"
        )
