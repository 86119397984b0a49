"""The circuit of a matched array, from its spec."""

from __future__ import annotations

from mirrorneuron.generators.cells.matched_array.sizing import size_array, size_wiring
from mirrorneuron.generators.cells.matched_array.spec import MatchedArraySpec
from mirrorneuron.generators.circuit import Netlist, array_transistors

__all__ = ["build_matched_array"]


def build_matched_array(spec: MatchedArraySpec) -> Netlist:
    """Pins ``d0``, ``d1``, ..., ``g``, ``s``, and ``b`` where the bulk is not on the source.

    Raises
    ------
    SpecError
        The units cannot be drawn or laid out.
    """
    size = size_array(spec)
    wiring = size_wiring(spec, size)
    note = (
        f"wires to two units differ by at most {wiring.source_ohm:.3g} ohm (source), {wiring.drain_ohm:.3g} ohm (drain)"
    )
    bulk = "s" if spec.bulk == "source" else "b"
    transistors = array_transistors(
        "array", size, source="s", bulk=bulk, owners={drain: (drain, "g") for drain in spec.drains}
    )
    pins = tuple(dict.fromkeys((*spec.drains, "g", "s", bulk)))
    return Netlist(spec.name, pins, transistors, (*spec.lines(), note))
