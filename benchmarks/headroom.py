"""The table of `mirrorneuron.pdk_sky130.models.headroom`, measured with the continuous models.

::

    benchmarks/headroom.py > pdk_sky130/headroom.csv

For each device, W and L (two fingers, drain on gate): how much more V_GS [mV] than the hand model's a current takes at
ss, at -40 or at 125 C, whichever is more; and what the transistor carries with its gate off, at 1.8 V, ff and 125 C.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.flows.simulate import Condition, run
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage
from mirrorneuron.pdk_sky130.devices import mosfet
from mirrorneuron.pdk_sky130.models.hand import hand_model
from mirrorneuron.pdk_sky130.models.headroom import CURRENTS_A

DEVICES: Final = ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt")
WIDTHS_UM: Final = (0.84, 2.0, 10.0, 40.0)
LENGTHS_UM: Final = (0.15, 0.18, 0.25, 0.35, 0.5, 1.0, 2.0, 5.0, 20.0)
_VOLTS: Final = np.linspace(0.05, 1.95, 191)
_SLOW: Final = (Condition("ss", -40.0), Condition("ss", 125.0))
_LEAKY: Final = Condition("ff", 125.0)


def measured(device: str, w: float, length: float) -> tuple[list[float], float]:
    """More V_GS than the hand model's at each of `CURRENTS_A` a square [V] (those that 1.95 V reach), and the current
    of a square that is off [A]."""
    sign = 1 if device.startswith("n") else -1
    with tempfile.TemporaryDirectory() as folder:
        netlist = Path(folder) / "unit.spice"
        call = f"X1 d g s b sky130_fd_pr__{device} w={w:g} l={length:g} nf=2"
        netlist.write_text(f".subckt unit d g s b\n{call}\n.ends\n")

        def currents(condition: Condition, gate: Any, drain: Any) -> Any:
            points = Points({"g": sign * gate, "d": sign * drain})
            found = run(Bench(netlist, "unit", [Voltage(pin, 0.0) for pin in "dgsb"], {"dc": points}), condition)
            return np.abs(found["dc"].i("d")) / (w / length)

        diodes = [currents(condition, _VOLTS, _VOLTS) for condition in _SLOW]
        off = float(currents(_LEAKY, 0.0, np.array([1.8]))[0])
    more: list[float] = []
    for current in CURRENTS_A:
        if any(current > diode[-1] for diode in diodes):
            break
        volt = max(float(np.interp(np.log(current), np.log(diode), _VOLTS)) for diode in diodes)
        more.append(volt - hand_model(device).gate_source(current, 1.0))
    return more, off


def main() -> None:
    """Measure all, and print the table."""
    print("device,w_um,l_um,off_a," + ",".join(f"mv_{current:.0e}" for current in CURRENTS_A))
    for device in DEVICES:
        for w in WIDTHS_UM:
            for length in LENGTHS_UM:
                if round(1000 * length) < mosfet(device).length_min_nm:
                    continue
                more, off = measured(device, w, length)
                cells = [f"{1000 * volt:.0f}" for volt in more]
                cells += [""] * (len(CURRENTS_A) - len(cells))
                print(f"{device},{w:g},{length:g},{off:.2e},{','.join(cells)}")


if __name__ == "__main__":
    main()
