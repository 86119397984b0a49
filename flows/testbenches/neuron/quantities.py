"""The quantities of a neuron.

**Ideal sum**: ``sum(weight[i] * x[i]) / reference_units`` [A]; its full scale is that of the weights' magnitudes with
all inputs at full scale.

**Reference transfer**: the output over the sum when one input alone makes the sum: the input of the largest positive
weight for positive sums, that of the most negative weight for negative ones. Where one input would need more than twice
its full scale to make the largest sum, all inputs of that sign share it, each at the same part of its full scale.

**Weighted-sum error**: the output for a random vector, read backwards through the reference transfer, less the ideal
sum. It does not show a wrong weight that the reference transfer shares; the sum after layout, read through the
schematic's transfer, does. An output in the flat part of the transfer cannot be read backwards; those vectors are
counted, and their output is compared with the transfer's at the ideal sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mirrorneuron.flows.results.quantity import Quantity

__all__ = ["LAYOUT_ONLY", "QUANTITIES"]

QUANTITIES: Final[Mapping[str, Quantity]] = {
    "sum_error_rms": Quantity("Weighted-sum error, RMS", "%"),
    "sum_error_max": Quantity("Weighted-sum error, maximum", "%"),
    "sum_error_after_layout": Quantity("Weighted sum, change from schematic to layout, RMS", "%"),
    "sum_shift_after_layout": Quantity(
        "Weighted sum by the schematic's transfer, change from schematic to layout, RMS", "%"
    ),
    "corner_sum_error_rms": Quantity("Weighted-sum error, RMS, worst corner", "%"),
    "corner_sum_error_max": Quantity("Weighted-sum error, maximum over corners", "%"),
    "unreferred": Quantity("Random vectors in the flat part of the transfer", "%"),
    "flat_output_error": Quantity("Output error of vectors in the flat part, maximum", "%"),
    "fit_rms": Quantity("Deviation from the fitted logistic, RMS", "%"),
    "fit_max": Quantity("Deviation from the fitted logistic, maximum", "%"),
    "slope": Quantity("Slope of the fitted logistic", "1/uA"),
    "centre": Quantity("Centre of the fitted logistic", "uA"),
    "output_low": Quantity("Lower asymptote of the fitted logistic", "uA"),
    "output_high": Quantity("Upper asymptote of the fitted logistic", "uA"),
    "slope_cold": Quantity("Slope change from 27 C to -40 C", "%"),
    "slope_hot": Quantity("Slope change from 27 C to 125 C", "%"),
    "slope_drift": Quantity("Slope change over temperature, maximum", "%"),
    "corner_output_min": Quantity("Maximum output current, lowest corner", "uA"),
    "corner_output_max": Quantity("Maximum output current, highest corner", "uA"),
    "settling_full": Quantity("Settling time to 1 % of full scale, full step", "us"),
    "settling_small": Quantity("Settling time to 1 % of full scale, smallest step", "us"),
    "settling_full_own": Quantity("Settling time to 1 % of the step, full step", "us"),
    "settling_small_own": Quantity("Settling time to 1 % of the step, smallest step", "us"),
    "excursions": Quantity("Ringing: excursions from the settling band"),
    "overshoot": Quantity("Overshoot relative to the step, maximum", "%"),
    "power_mid": Quantity("Power, inputs at half of full scale", "uW"),
    "power_idle": Quantity("Power, inputs at zero", "uW"),
}
"""All quantities by key. Errors of the sum are relative to its full scale, errors of the output to its maximum."""

LAYOUT_ONLY: Final = ("sum_error_after_layout", "sum_shift_after_layout")
"""Keys of the quantities that compare the layout with the schematic."""
