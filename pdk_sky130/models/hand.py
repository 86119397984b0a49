"""Hand models of the transistors: the EKV equations with four constants each, for sizing, headroom and hand formulas.

I = 2 n KP Ut^2 W/L ln^2(1 + exp((V_GS - VT) / (2 n Ut))) in saturation, and I rises by lambda = LAMBDA_UM / L per volt:
a square law above threshold, an exponential below (C. Enz, F. Krummenacher, E. Vittoz, 1995). The constants are fits to
the continuous models at tt, 27 C, W/L = 2/2 um, 1 nA to 10 uA a square: within 5 mV (``benchmarks/hand_models.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mirrorneuron.pdk_sky130.constants import UT
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["BODY_FACTOR", "HAND_MODELS", "PAIR_MV_UM", "HandModel", "hand_model"]


@dataclass(frozen=True)
class HandModel:
    """Constants of a transistor: threshold [V], slope factor, transconductance parameter [A/V^2], inverse Early voltage
    times length [um/V], and the rise of V_GS at ss, -40 C [V]. Voltages are magnitudes."""

    vt: float
    n: float
    kp: float
    lambda_um: float
    slow: float

    def inversion(self, current: float, squares: float) -> float:
        """Inversion coefficient of a transistor of W/L = `squares`: below 0.1 weak, above 10 strong inversion."""
        return current / (2 * self.n * self.kp * UT**2 * squares)

    def gate_source(self, current: float, squares: float, *, slow: bool = False) -> float:
        """V_GS [V] that carries a current [A] in saturation; `slow`: at ss, -40 C."""
        # ln(exp(x) - 1), without the overflow that exp(x) has above 700.
        x = math.sqrt(self.inversion(current, squares))
        overdrive = 2 * self.n * UT * (x + math.log(-math.expm1(-x)))
        return self.vt + overdrive + (self.slow if slow else 0.0)

    def saturation(self, current: float, squares: float) -> float:
        """V_DS [V] from which on the transistor is saturated: 4 Ut in weak inversion, V_OV / n in strong."""
        return UT * (2 * math.sqrt(self.inversion(current, squares) + 0.25) + 3)

    def gm(self, current: float, squares: float) -> float:
        """Transconductance [S]."""
        return current / (self.n * UT * (0.5 + math.sqrt(0.25 + self.inversion(current, squares))))

    def ro(self, current: float, length_um: float) -> float:
        """Output resistance [ohm]."""
        return length_um / (self.lambda_um * current)


HAND_MODELS: Final = {
    "nfet_01v8": HandModel(0.578, 1.41, 352e-6, 0.187, 0.079),
    "nfet_01v8_lvt": HandModel(0.453, 1.29, 292e-6, 0.336, 0.080),
    "pfet_01v8": HandModel(0.967, 1.82, 127e-6, 0.0235, 0.130),
    "pfet_01v8_lvt": HandModel(0.445, 1.85, 95e-6, 0.136, 0.217),
    "pfet_01v8_hvt": HandModel(1.027, 1.70, 108e-6, 0.039, 0.140),
}


PAIR_MV_UM: Final = {
    "nfet_01v8": 5.35,
    "nfet_01v8_lvt": 7.7,
    "pfet_01v8": 8.3,
    "pfet_01v8_lvt": 15.4,
    "pfet_01v8_hvt": 7.8,
}
"""Threshold mismatch A_VT of a pair [mV um]: sigma of V_T's difference is A_VT / sqrt(W L). From the models' own
coefficients, devices of one finger."""

BODY_FACTOR: Final = 1.23
"""Rise of the gate voltage per rise of the source above the bulk, at the same current.

Of the continuous models' 1.8 V transistors, 2/2 um, source 0.1 to 0.2 V above the bulk, 0.1 and 1 uA, tt, 27 C: 1.18
(nfet lvt) to 1.26 (pfet lvt)."""


def hand_model(device: str) -> HandModel:
    """The hand model of a transistor.

    Raises
    ------
    SpecError
        There is none.
    """
    try:
        return HAND_MODELS[device]
    except KeyError:
        raise SpecError(f"no hand model of {device}; there are: {', '.join(HAND_MODELS)}") from None
