"""Resistors of a mirror: equal bars, whose length and number in series follow from a resistance."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, sqrt
from typing import Annotated, TypeAlias

from mirrorneuron.generators.fixed_units import ResistorArray
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.primitives.resistor import bar_height, bar_pitch
from mirrorneuron.generators.spec import OneOf
from mirrorneuron.pdk_sky130.devices import BAR_LENGTH_MAX_NM, BAR_LENGTH_MIN_NM, POLY_RESISTORS, poly_resistor
from mirrorneuron.pdk_sky130.errors import SpecError
from mirrorneuron.pdk_sky130.rules import GRID_NM

__all__ = ["BARS_MAX", "BODY_FACTOR", "RESISTOR_TEXT", "Resistor", "resistor_array"]

BARS_MAX = 1024
"""Bars in one array, at most."""
_USUAL_NM = 25_000
_LOWEST, _HIGHEST = "res_high_po_5p73", "res_xhigh_po_0p35"
BODY_FACTOR = 1.23
"""What a gate rises by, when its source is lifted off the bulk by 0.1 to 0.2 V, for the same current.

Of the continuous models' 1.8 V transistors, 2/2 um, 0.1 and 1 uA, tt, 27 C: 1.18 (nfet lvt) to 1.26 (pfet lvt).
"""

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


def resistor_array(device: str, ohm: float, counts: Mapping[str, int], what: str) -> ResistorArray:
    """Resistors of `ohm`, divided by the owner's count.

    A bar is as long as the grid allows it to hit the value, up to 25 um, or as it takes to be few enough.

    Raises
    ------
    SpecError
        The resistance is below that of the shortest bar, or takes more bars than an array may have; `what` names it.
    """
    bar = poly_resistor(device)
    shortest, longest = bar.resistance(BAR_LENGTH_MIN_NM), bar.resistance(BAR_LENGTH_MAX_NM)
    series_max = BARS_MAX // sum(counts.values())
    if ohm < shortest:
        least = poly_resistor(_LOWEST).resistance(BAR_LENGTH_MIN_NM)
        other = f"resistor: {_LOWEST} (from {least:.3g} ohm), " if ohm >= least else ""
        raise SpecError(
            f"{what} is {ohm:.4g} ohm: the shortest bar of {device}, {BAR_LENGTH_MIN_NM / 1000:g} um, has "
            f"{shortest:.4g} ohm. Take a larger resistance, {other}or less current a unit"
        )
    if ohm > longest * series_max:
        most = poly_resistor(_HIGHEST).resistance(BAR_LENGTH_MAX_NM) * series_max
        other = f"resistor: {_HIGHEST} (up to {most:.3g} ohm), " if ohm <= most else ""
        raise SpecError(
            f"{what} is {ohm:.4g} ohm: {sum(counts.values())} of them in {device} would be more than {BARS_MAX} bars "
            f"of {BAR_LENGTH_MAX_NM / 1000:g} um ({longest:.4g} ohm each). Take a smaller resistance, {other}or more "
            "current a unit"
        )
    series = ceil(ohm / bar.resistance(_USUAL_NM))
    if series > series_max:
        series = ceil(ohm / longest)
    length = GRID_NM * round(bar.length_nm(ohm / series) / GRID_NM)
    bars = {owner: count * series for owner, count in counts.items()}
    columns = sum(bars.values()) * bar_pitch(device) / bar_height(device, length)
    rows = max(1, round(sqrt(columns)))
    # Only an odd number of rows has a middle for an odd count.
    rows += rows % 2 == 0 and any(count % 2 for count in bars.values())
    return ResistorArray(device, length, common_centroid(bars, rows=min(rows, sum(bars.values()))), series)
