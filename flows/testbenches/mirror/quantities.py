"""The quantities of a mirror.

**Ratio error**: an output current over its nominal value, less 1. The nominal value is the input current times output
units over input units (`theory.transfer`). Of several outputs the worst counts, with its sign.

**Output compliance**: the output voltage at which an output has lost 1 % (5 %) of its current, going down from half the
supply; from three quarters of the supply if the current at half the supply still rises ten times as steeply as there.
**Middle of the output range**: halfway between the 1 % compliance and the supply.

**Deviation from theory at V_out = V_in**: with outputs at the input voltage equal units have equal V_DS, so a ratio is
its counts whatever the sizes and the current, but for base currents and the like (`theory.equal_error`). What counts is
by how much the error differs from that value by more than half of it.

**Output resistance**: of a unit, i.e. times the units of the output; by small signals, so no difference of two currents
limits it. **Input range**: where the ratio stays within 1 % of its value at the spec's current.

**Stable**: a small step of 10 % of an input, and back, settles to 1 % of itself; steps at 1/50 to 5 times the spec's
current. **Ringing**: how often the output leaves that band again.

**Power-up**: all sources rise from 0 within 10 us. A mirror that makes its own bias may stay at zero current, which no
search for an operating point need find.

**Mismatch**: of the first output's ratio, from samples (`mirrorneuron.flows.variation`) by linear regression on the
deviations drawn; so its parts add up, and it is nearer to the truth than the standard deviation of as many samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mirrorneuron.flows.results.quantity import Quantity

__all__ = ["LAYOUT_ONLY", "QUANTITIES"]

QUANTITIES: Final[Mapping[str, Quantity]] = {
    "error_mid": Quantity("Ratio error, V_out in the middle of the output range", "%"),
    "error_half": Quantity("Ratio error, V_out at half the supply", "%"),
    "error_top": Quantity("Ratio error, V_out at the supply", "%"),
    "error_equal": Quantity("Ratio error at V_out = V_in, deviation from theory", "%"),
    "outputs_apart": Quantity("Ratio difference between outputs, maximum", "%"),
    "corner_error": Quantity("Ratio error, worst case over corners and temperatures", "%"),
    "error_drift": Quantity("Ratio error drift, -40 to 125 C", "%"),
    "output_low": Quantity("Output compliance: minimum V_out, 1 % of current lost", "V"),
    "output_low_5": Quantity("Output compliance: minimum V_out, 5 % of current lost", "V"),
    "corner_output_low": Quantity("Output compliance (1 %), worst case over corners and temperatures", "V"),
    "output_resistance": Quantity("Output resistance of a unit", "Gohm"),
    "corner_output_resistance": Quantity("Output resistance of a unit, minimum over corners and temperatures", "Gohm"),
    "output_resistance_1m": Quantity("Output impedance of a unit at 1 MHz", "Mohm"),
    "input_voltage": Quantity("Input voltage", "V"),
    "corner_input_voltage": Quantity("Input voltage, maximum over corners and temperatures", "V"),
    "input_drift": Quantity("Input voltage drift, -40 to 125 C", "mV/K"),
    "input_low": Quantity("Input range, lower end (ratio within 1 % of nominal)", "uA"),
    "input_high": Quantity("Input range, upper end (ratio within 1 % of nominal)", "uA"),
    "bandwidth": Quantity("Bandwidth, -3 dB", "MHz"),
    "peaking": Quantity("Peaking", "dB"),
    "bandwidth_small": Quantity("Bandwidth at the smallest input current", "MHz"),
    "peaking_small": Quantity("Peaking at the smallest input current", "dB"),
    "settling_full": Quantity("Settling time to 1 %, input step 10 % to 100 % and back", "us"),
    "overshoot_full": Quantity("Overshoot, input step 10 % to 100 % and back", "%"),
    "settling_small": Quantity("Settling time to 1 %, 10 % step at the smallest input current", "us"),
    "ringing": Quantity("Ringing: excursions from the 1 % band, maximum over all small steps"),
    "stable_low": Quantity("Stable input range, lower end (all corners)", "uA"),
    "stable_high": Quantity("Stable input range, upper end (all corners)", "uA"),
    "start": Quantity("Output after power-up, relative to its final value (worst corner)", "%"),
    "supply_current": Quantity("Supply current, input current excluded", "uA"),
    "power": Quantity("Power, output currents excluded", "uW"),
    "noise_1k": Quantity("Output noise density at 1 kHz", "pA/rtHz"),
    "noise_white": Quantity("Output noise density at a tenth of the bandwidth", "pA/rtHz"),
    "noise_rms": Quantity("Output noise, 1 Hz to 1 GHz, RMS", "nA"),
    "mismatch": Quantity("Ratio mismatch, sigma", "%"),
    "mismatch_vth": Quantity("Ratio mismatch from threshold voltages, sigma", "%"),
    "mismatch_factor": Quantity("Ratio mismatch from current factors, sigma", "%"),
    "mismatch_area": Quantity("Gate area of a unit for 1 % ratio mismatch (sigma)", "um2"),
    "error_after_layout": Quantity("Ratio error, change from schematic to layout (maximum)", "%"),
    "input_after_layout": Quantity("Input voltage, change from schematic to layout", "mV"),
    "resistance_after_layout": Quantity("Output resistance, layout relative to schematic", "%"),
    "bandwidth_after_layout": Quantity("Bandwidth, layout relative to schematic", "%"),
}
"""All quantities by key. Voltages are counted from the rail of the sources."""

LAYOUT_ONLY: Final = (
    "error_after_layout",
    "input_after_layout",
    "resistance_after_layout",
    "bandwidth_after_layout",
)
"""Keys of the quantities that compare the layout with the schematic."""
