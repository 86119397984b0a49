"""Sizes and unit counts of a neuron's devices, and the placement of the units in each array, from its spec.

Circuit and layout both start from these integers; each of them assigns the nets by itself.
The sizes are those that met the targets in simulation over corners and temperature (docs/neuron.md has the numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from mirrorneuron.generators.cells.neuron.spec import NeuronSpec
from mirrorneuron.generators.placement import common_centroid
from mirrorneuron.generators.placement.rows import centred_rows, compact_rows
from mirrorneuron.generators.units import ArraySize, Unit
from mirrorneuron.pdk_sky130.constants import GATE_F_PER_UM2
from mirrorneuron.pdk_sky130.devices import LONG_WIDTH_MIN_NM, MIM
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["NeuronSizing", "size_neuron"]


@dataclass(frozen=True)
class NeuronSizing:
    """Every array of a neuron, and the sides of its square MIM capacitors.

    Owners, in the order of the signal:

    ``rows[i]`` (``ref``, ``weight``; no ``weight`` where the weight is 0) and ``row_capacitor_nm[i]``, the side of the
    capacitor from the row's gate to its input;
    ``tail``, ``pair`` (``plus``, ``minus``), ``load`` (``diode``, ``out``): an amplifier that holds a row's input,
    ``column_tail``: the same amplifier's tail where it regulates a column;
    ``bias_n`` (``in``, ``pb``, ``lg``, ``colp``, ``coln``), ``bias_p`` (``in``, ``x``, ``y``, ``tail``);
    for each column ``regulated`` (``cascode``), ``mirror`` (``in``, ``out``), ``mirror_cascode_in`` (``in``),
    ``mirror_cascode_out`` (``out``);
    ``sink`` (``in``, ``out``), ``sink_cascode`` (``cascode``) twice: the mirror that subtracts;
    ``pedestal_cascode`` (``cascode``) twice; ``resistor`` (``x``, ``y``) and ``resistor_bias`` (``in``);
    ``sigmoid`` (``x``, ``y``) and ``output_cascode`` (``cascode``).
    """

    rows: tuple[ArraySize, ...]
    row_capacitor_nm: tuple[int, ...]
    tail: ArraySize
    pair: ArraySize
    load: ArraySize
    column_tail: ArraySize
    bias_n: ArraySize
    bias_p: ArraySize
    regulated: ArraySize
    mirror: ArraySize
    mirror_cascode_in: ArraySize
    mirror_cascode_out: ArraySize
    sink: ArraySize
    sink_cascode: ArraySize
    pedestal_cascode: ArraySize
    resistor: ArraySize
    resistor_bias: ArraySize
    sigmoid: ArraySize
    output_cascode: ArraySize


NFET = "nfet_01v8"
NFET_LVT = "nfet_01v8_lvt"
PFET = "pfet_01v8"
PFET_LVT = "pfet_01v8_lvt"

TAIL_UNITS_PER_FULL_SCALE = 10
"""The bias current is a tenth of the full-scale current; ten such units make the sigmoid's tail, so that the output's
full scale is an input's."""
ROW_CAPACITOR_MIN_NM = 4300
"""Smallest side of a row's MIM capacitor, 37 fF: below it the amplifier of a short row rings at the smallest input. The
models would allow less (`MIM`)."""
COMPENSATION_RATIO = 0.62
"""Capacitor from gate to input over the row's gate capacitance: less rings at a tenth of full scale, more settles
slower."""
PEDESTAL_UNITS = 11.5
"""Bias units that flow in a resistor of the spec's own width when the sum is most negative: they keep the subtraction's
node above its mirror's saturation voltage."""
RESISTOR_UNITS = 25.8
"""Bias units that the spec's resistor is sized for, when the sum is most positive; with many more it saturates at ss,
-40 C."""
KEEP_ALIVE_SUM = 3.5
"""Full scale of the sum [full-scale currents] above which the columns' own currents no longer grow."""


@dataclass(frozen=True)
class _Scaling:
    """Division of the columns' currents, and the currents of the subtraction.

    A column's mirror gives `multiplied` over `divider` of its current; `resistor_nm` is the width of a triode unit, and
    `pedestal` the bias units of the pedestal.
    """

    divider: int
    multiplied: int
    resistor_nm: int
    pedestal: int

    @classmethod
    def of(cls, spec: NeuronSpec) -> _Scaling:
        """The scaling by which the larger column's full scale is one full-scale current in the subtraction."""
        # `multiplied` is even, so that `divider` may be odd in one array; above 4 the keep-alive currents would
        # dominate.
        divider = max(2, ceil(2 * spec.sum_units))
        multiplied = 2 if spec.sum_units > 0.75 else 4
        positive, negative = (
            min(sum(max(0, sign * weight) for weight in spec.weights) / spec.reference_units, spec.sum_units)
            * (TAIL_UNITS_PER_FULL_SCALE * multiplied / divider)
            for sign in (1, -1)
        )
        return cls(divider, multiplied, *_resistor(spec.resistor_width_nm, positive, negative))


def size_neuron(spec: NeuronSpec) -> NeuronSizing:
    """Sizes and patterns of a neuron's arrays."""
    unit, bias, cascode = Unit(NFET, spec.w_nm, spec.l_nm), Unit(PFET, 2000, 2000), Unit(PFET_LVT, 4000, 500)
    scaling = _Scaling.of(spec)
    divider, multiplied, pedestal = scaling.divider, scaling.multiplied, scaling.pedestal
    return NeuronSizing(
        rows=tuple(_row(unit, spec.reference_units, abs(weight)) for weight in spec.weights),
        row_capacitor_nm=tuple(_capacitor_side(unit, spec.reference_units + abs(weight)) for weight in spec.weights),
        # 40 % of a unit's current: the amplifier must stay slower than its row at a tenth of full scale.
        tail=_array(Unit(PFET, 2000, 5000), {"tail": 1}),
        pair=_array(Unit(PFET, 1000, 500), {"plus": 2, "minus": 2}),
        load=_array(Unit(NFET, 840, 350), {"diode": 2, "out": 2}),
        # A slow regulator lets the columns' currents arrive apart, and the output overshoots.
        column_tail=_array(bias, {"tail": 8}, 2),
        # The lines pb and lg carry four times the bias current, so that they soon recover when a gate of theirs is
        # kicked. The columns never rest: the negative one, whose current passes one mirror more, carries more.
        bias_n=_array(
            Unit(NFET, 1000, 2000),
            {"in": 2, "pb": 8, "lg": 8, "colp": _keep_alive(6, spec), "coln": _keep_alive(14, spec)},
            6,
        ),
        bias_p=_array(bias, {"in": 4, "x": pedestal, "y": pedestal, "tail": TAIL_UNITS_PER_FULL_SCALE}, 7),
        regulated=_array(Unit(NFET, 4000, 500), {"cascode": max(4, divider)}, compact_rows(max(4, divider))),
        mirror=_array(Unit(PFET, 4000, 1000), {"in": divider, "out": multiplied}, compact_rows(divider + multiplied)),
        mirror_cascode_in=_array(cascode, {"in": divider}, compact_rows(divider)),
        mirror_cascode_out=_array(cascode, {"out": multiplied}),
        sink=_array(Unit(NFET, 2000, 2000), {"in": 2, "out": 2}),
        sink_cascode=_array(Unit(NFET_LVT, 8000, 500), {"cascode": 2}),
        pedestal_cascode=_array(cascode, {"cascode": 2}),
        resistor=ArraySize(
            Unit(NFET, scaling.resistor_nm, 20000, fingers=1),
            # Long gates: the neighbours that count lie above and below.
            common_centroid({"x": 2, "y": 2}, rows=4, edge_columns=0, edge_rows=1),
        ),
        resistor_bias=_array(cascode, {"in": 4}),
        sigmoid=_array(Unit(PFET, 1500, 1500), {"x": 2, "y": 2}),
        output_cascode=_array(cascode, {"cascode": 2}),
    )


def _resistor(width_nm: int, positive: float, negative: float) -> tuple[int, int]:
    """Width of a resistor unit [nm] and bias units of the pedestal, for currents of the sum in bias units.

    The pedestal carries the most negative sum and leaves `PEDESTAL_UNITS`, the width carries pedestal and most positive
    sum like `RESISTOR_UNITS`, both in proportion to the width.
    """
    part = PEDESTAL_UNITS / RESISTOR_UNITS
    scale = (negative + part * positive) / (1 - part)
    resistor_nm = max(LONG_WIDTH_MIN_NM, 10 * round(width_nm * (scale + positive) / RESISTOR_UNITS / 10))
    return resistor_nm, 2 * ceil((PEDESTAL_UNITS * resistor_nm / width_nm + negative) / 2)


def _keep_alive(units: int, spec: NeuronSpec) -> int:
    """Units of a column's own current: an even number, fewer where the sum is so small that they would outweigh it."""
    return 2 * max(1, round(units / 2 * min(1.0, spec.sum_units / KEEP_ALIVE_SUM)))


def _array(unit: Unit, counts: dict[str, int], rows: int = 1) -> ArraySize:
    return ArraySize(unit, common_centroid(counts, rows=centred_rows(rows, counts)))


def _row(unit: Unit, reference: int, weight: int) -> ArraySize:
    counts = {"ref": reference} | ({"weight": weight} if weight else {})
    rows = centred_rows(compact_rows(reference + weight, 4), counts)
    return ArraySize(unit, common_centroid(counts, rows=rows, edge_rows=1))


def _capacitor_side(unit: Unit, units: int) -> int:
    gate = units * unit.width_nm * unit.length_nm * (1e-6 * GATE_F_PER_UM2)
    side = sqrt(COMPENSATION_RATIO * gate / MIM.farad_per_nm2)
    if side > MIM.side_max_nm:
        raise SpecError(
            f"a row of {units} units of {unit.width_nm / 1000:g}/{unit.length_nm / 1000:g} um needs a MIM capacitor of "
            f"{side / 1000:.0f} um: at most {MIM.side_max_nm / 1000:g} um (models); make the units smaller or fewer"
        )
    return max(ROW_CAPACITOR_MIN_NM, 100 * ceil(side / 100))
