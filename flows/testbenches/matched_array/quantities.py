"""The quantities of a matched array.

**Ratio error**: an output current over the reference's, over the ratio of their units, less 1.

**Unit current**: W/L times 2.5 uA for n, 0.6 uA for p. By the models at tt, 27 C that is a transconductance over
current of 10 to 13 per volt for all five devices, 2/0.35 to 20/20: the upper end of moderate inversion. The units are
well saturated as diodes, and at every corner their V_GS is below 1.4 V of 1.8 V, 0.42/0.15 to 20/20.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mirrorneuron.flows.results.quantity import Quantity

__all__ = ["LAYOUT_ONLY", "QUANTITIES"]

QUANTITIES: Final[Mapping[str, Quantity]] = {
    "ratio_error": Quantity("Ratio error, maximum over outputs", "%"),
    "corner_ratio_error": Quantity("Ratio error, maximum over outputs and corners", "%"),
    "ratio_after_layout": Quantity("Ratio, change from schematic to layout, maximum over outputs", "%"),
    "reference_after_layout": Quantity("Reference V_GS, change from schematic to layout", "mV"),
    "unit_current": Quantity("Unit current", "uA"),
    "reference_voltage": Quantity("Reference V_GS", "V"),
    "reference_voltage_max": Quantity("Reference V_GS, maximum over corners", "V"),
    "output_slope": Quantity("Output current slope above the reference V_GS, maximum over outputs", "%/V"),
    "output_resistance": Quantity("Output resistance of a unit, minimum over outputs", "Mohm"),
    "output_low": Quantity("Output compliance: minimum V_out, 1 % of current lost", "V"),
}
"""All quantities by key. Voltages are magnitudes, from the source."""

LAYOUT_ONLY: Final = ("ratio_after_layout", "reference_after_layout")
"""Keys of the quantities that compare the layout with the schematic."""
