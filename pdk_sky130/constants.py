"""Constants of physics and of the process that sizing, hand formulas and testbenches share; each stands here alone."""

from __future__ import annotations

from typing import Final

__all__ = ["ELEMENTARY_CHARGE_C", "GATE_F_PER_UM2", "KT_J", "UT"]

UT: Final = 0.025865
"""Thermal voltage kT/q at 27 C [V]."""
ELEMENTARY_CHARGE_C: Final = 1.602e-19
"""Elementary charge q [C]."""
KT_J: Final = ELEMENTARY_CHARGE_C * UT
"""Thermal energy kT at 27 C [J]."""

GATE_F_PER_UM2: Final = 8.3e-15
"""Gate capacitance of the 1.8 V transistors in strong inversion [F/um^2]: 4.15 nm of silicon dioxide (the models' oxide
thickness), 3.9 epsilon_0 / t = 8.32 fF/um^2, of which two digits count. Compensation capacitors are sized by it."""
