"""How the time to draw grows: CPU time for 1, 4 and 16 inputs, and as a ratio per input and per transistor.

    .venv/bin/python benchmarks/draw.py [repeats]

Imports are not counted. The least of the repeats counts: everything else that runs on the machine only adds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from mirrorneuron.generators import catalog
from mirrorneuron.generators.circuit import Netlist, Transistor

INPUTS = (1, 4, 16)
WEIGHTS = (1, 2, -3, 4)


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Least CPU time of an action [s]."""
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        taken.append(time.process_time() - started)
    return min(taken)


def gates(circuit: Netlist) -> int:
    """How many fingers a circuit has."""
    return sum(
        device.fingers * device.copies for device in circuit.flattened().devices if isinstance(device, Transistor)
    )


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    catalog.layout_of(catalog.load("neuron"))
    print("inputs  gates  layout ms  circuit ms  us/gate  of 1 input  per input")
    base = 0.0
    for count in INPUTS:
        weights = [WEIGHTS[i % len(WEIGHTS)] for i in range(count)]
        spec = catalog.load("neuron", [f"weights={weights}"])
        layout = seconds(lambda spec=spec: catalog.layout_of(spec), repeats)  # type: ignore[misc]
        circuit = seconds(lambda spec=spec: catalog.circuit_of(spec).to_spice(), repeats)  # type: ignore[misc]
        number = gates(catalog.circuit_of(spec))
        base = base or layout
        ratio = layout / base
        print(
            f"{count:6} {number:6} {layout * 1e3:10.1f} {circuit * 1e3:11.2f} {layout / number * 1e6:8.1f} "
            f"{ratio:11.2f} {ratio / count:10.2f}"
        )


if __name__ == "__main__":
    main()
