"""A bench on a netlist of one's own: a current mirror's output current against its output voltage, and its spread.

.venv/bin/python examples/mirror_bench.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from mirrorneuron.flows.simulate import conditions, run_many
from mirrorneuron.flows.simulate.bench import Bench, CurrentInput, Voltage, sweep
from mirrorneuron.flows.variation.sampling import Variation, sample
from mirrorneuron.flows.variation.statistics import summarise

NETLIST = """\
.subckt mirror in out vdd vss
X1 in in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2 nf=1
X2 out in vss vss sky130_fd_pr__nfet_01v8 w=2 l=2 nf=1
R1 vdd vss 1e9
.ends
"""


def main() -> None:
    """Print the current at three corners, and what mismatch does to it."""
    with tempfile.TemporaryDirectory() as folder:
        netlist = Path(folder) / "mirror.spice"
        netlist.write_text(NETLIST)
        sources = [Voltage("vdd", 1.8), Voltage("vss", 0.0), Voltage("out", 0.9), CurrentInput("in", 1e-6)]
        volts = np.linspace(0.0, 1.8, 19)
        bench = Bench(netlist, "mirror", sources, {"out": sweep(volts, "out")})
        for result in run_many([(bench, condition) for condition in conditions(["tt", "ss", "ff"], [27.0])]):
            data = result["out"]  # arrays along the points: v(node) [V], i(pin) [A]
            current = float(np.interp(0.9, volts, data.i("out")))
            print(f"{result.condition}: {1e6 * current:.4f} uA at 0.9 V, input at {data.v('in')[9]:.3f} V")
        at = Bench(netlist, "mirror", sources, {"op": sweep(0.9, "out")})
        found = sample(at, conditions(["tt"], [27.0])[0], Variation(200, seed=1))
        spread = summarise(1e6 * found["op"].i("out")[:, 0])
        interval = spread.sigma_interval_any
        print(f"mismatch: sigma {spread.sigma:.4f} uA ({interval.low:.4f} to {interval.high:.4f}), 200 samples")


if __name__ == "__main__":
    main()
