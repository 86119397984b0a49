"""The circuit of a layer's weights, from its spec."""

from __future__ import annotations

from mirrorneuron.generators.cells.synapse_array.sizing import REFERENCE, size_rows
from mirrorneuron.generators.cells.synapse_array.spec import SynapseArraySpec
from mirrorneuron.generators.circuit import Device, Netlist, array_transistors

__all__ = ["build_synapse_array"]


def build_synapse_array(spec: SynapseArraySpec) -> Netlist:
    """Pins ``iin0``..., ``gate0``... by input, ``col0p``, ``col0n``... by neuron (those that have units), ``vss``.

    Raises
    ------
    SpecError
        The units cannot be laid out.
    """
    devices: list[Device] = []
    columns: set[tuple[int, str]] = set()
    for i, size in enumerate(size_rows(spec)):
        owners = {REFERENCE: (f"iin{i}", f"gate{i}")}
        for j, weight in enumerate(spec.weights[i]):
            if weight:
                sign = "p" if weight > 0 else "n"
                columns.add((j, sign))
                owners[str(j)] = (f"col{j}{sign}", f"gate{i}")
        devices += array_transistors(f"row{i}", size, source="vss", bulk="vss", owners=owners)
    inputs = range(len(spec.weights))
    # p before n
    buses = [f"col{j}{sign}" for j, sign in sorted(columns, key=lambda c: (c[0], c[1] == "n"))]
    pins = (*(f"iin{i}" for i in inputs), *(f"gate{i}" for i in inputs), *buses, "vss")
    return Netlist(spec.name, pins, tuple(devices), tuple(spec.lines()))
