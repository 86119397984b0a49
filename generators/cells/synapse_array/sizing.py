"""From the matrix of weights to a matched array for each input: integers, no nets."""

from __future__ import annotations

from functools import lru_cache

from mirrorneuron.generators.cells.synapse_array.spec import SynapseArraySpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.units import ArraySize, Unit

__all__ = ["REFERENCE", "size_rows"]

REFERENCE = "ref"
"""Owner of a row's reference units; the units of neuron ``j`` belong to ``str(j)``."""


@lru_cache(maxsize=4)
def size_rows(spec: SynapseArraySpec) -> tuple[ArraySize, ...]:
    """One row of units for each input."""
    unit = Unit("nfet_01v8", spec.w_nm, spec.l_nm)
    return tuple(ArraySize(unit, common_centroid(_counts(spec, i), rows=1)) for i in range(len(spec.weights)))


def _counts(spec: SynapseArraySpec, i: int) -> dict[str, int]:
    return {REFERENCE: spec.reference_units} | {str(j): abs(w) for j, w in enumerate(spec.weights[i]) if w}
