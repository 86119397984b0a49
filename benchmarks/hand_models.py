"""The constants of `mirrorneuron.pdk_sky130.models.hand`, fitted to the continuous models.

::

    benchmarks/hand_models.py              a table: fitted constants beside those in use
    benchmarks/hand_models.py --json       the same for machines

For each device a sweep of V_GS at V_DS = 0.9 V gives VT, n and KP by least squares over 1 nA to 10 uA a square
at W/L = 2/2 um; two drain voltages at 1 uA a square give lambda; what 100 nA a square takes more at ss, -40 C than
at tt, 27 C is ``slow``. ``misfit``: the largest distance in V_GS.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from mirrorneuron.flows.simulate import Condition, run
from mirrorneuron.flows.simulate.bench import Bench, Points, Voltage
from mirrorneuron.pdk_sky130.models.hand import HAND_MODELS, HandModel
from scipy.optimize import least_squares

_W = _L = 2.0
_VOLTS: Final = np.linspace(0.2, 1.8, 161)
_FROM_A, _TO_A = 1e-9, 1e-5
_SLOW: Final = Condition("ss", -40.0)


def fitted(device: str) -> tuple[HandModel, float]:
    """The hand model that is nearest to a device's own, and how far it is off in V_GS, at most [V]."""
    sign = 1 if device.startswith("n") else -1
    with tempfile.TemporaryDirectory() as folder:
        netlist = Path(folder) / "unit.spice"
        call = f"X1 d g s b sky130_fd_pr__{device} w={_W:g} l={_L:g} nf=2"
        netlist.write_text(f".subckt unit d g s b\n{call}\n.ends\n")

        def currents(condition: Condition, gate: Any, drain: Any) -> Any:
            points = Points({"g": sign * gate, "d": sign * drain})
            bench = Bench(netlist, "unit", [Voltage(pin, 0.0) for pin in "dgsb"], {"dc": points})
            found = run(bench, condition)
            return np.abs(found["dc"].i("d")) / (_W / _L)

        at_tt = currents(Condition(), _VOLTS, 0.9)
        at_ss = currents(_SLOW, _VOLTS, 0.9)
        here = (at_tt > _FROM_A) & (at_tt < _TO_A)

        def volts(values: Any) -> Any:
            model = HandModel(values[0], values[1], values[2] * 1e-6, 0.0, 0.0)
            return np.array([model.gate_source(float(current), 1.0) for current in at_tt[here]])

        best = least_squares(lambda values: volts(values) - _VOLTS[here], (0.6, 1.3, 100.0)).x
        misfit = float(np.abs(volts(best) - _VOLTS[here]).max())

        def gate(current: float, found: Any) -> float:
            return float(np.interp(np.log(current), np.log(found), _VOLTS))

        two = currents(Condition(), gate(1e-6, at_tt), np.array([0.8, 1.0]))
        slope = float(np.diff(two)[0]) / 0.2 / float(two.mean())
        slow = gate(1e-7, at_ss) - gate(1e-7, at_tt)
    return HandModel(float(best[0]), float(best[1]), float(best[2]) * 1e-6, slope * _L, slow), misfit


def main() -> None:
    """Fit all, and print them."""
    parser = argparse.ArgumentParser(description="Fit the constants of the hand models.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    as_json = parser.parse_args().json
    found: dict[str, Any] = {}
    for device, used in HAND_MODELS.items():
        model, misfit = fitted(device)
        found[device] = {"fitted": asdict(model), "used": asdict(used), "misfit": misfit}
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print(f"{'':15}{'':8}{'VT, V':>8}{'n':>7}{'KP, uA/V2':>11}{'lambda L, um/V':>16}{'slow, V':>9}{'misfit, mV':>12}")
    for device, one in found.items():
        for name in ("fitted", "used"):
            vt, n, kp, lambda_um, slow = one[name].values()
            tail = f"{1e3 * one['misfit']:12.1f}" if name == "fitted" else ""
            print(f"{device:15}{name:8}{vt:8.3f}{n:7.2f}{1e6 * kp:11.0f}{lambda_um:16.4f}{slow:9.3f}{tail}")


if __name__ == "__main__":
    main()
