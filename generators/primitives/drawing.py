"""The drawing of one cell: a sheet, and the arrays and capacitors on it under the cell's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from klayout import db as kdb
from mirrorneuron.generators.primitives.array import ArrayNets, draw_array
from mirrorneuron.generators.primitives.capacitor import draw_mim_capacitor
from mirrorneuron.generators.primitives.resistor import draw_resistors
from mirrorneuron.generators.primitives.sheet import Block, Sheet
from mirrorneuron.generators.primitives.spine import Power, Stacks, compose, draw_pins
from mirrorneuron.generators.units import ArraySize, ResistorArray
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["Drawing"]


class Drawing:
    """Draws the parts of one cell; `finish` composes its top."""

    def __init__(self, name: str, supplies: Sequence[str], variant: str = "") -> None:
        """Start an empty sheet.

        Parameters
        ----------
        name
            The top cell's name.
        supplies
            Nets with wide trunks.
        variant
            `CellSpec.variant`: the names of the parts' cells end in it, so that specs of one name differ.
        """
        self.name, self.supplies, self.variant, self.sheet = name, tuple(supplies), variant, Sheet()

    def array(
        self,
        name: str,
        size: ArraySize,
        *,
        gates: Mapping[str, str],
        drains: Mapping[str, str],
        source: str | Mapping[str, str],
        bulk: str | None = None,
    ) -> Block:
        """Draw a matched array, its gates and drains by owner; without `bulk` the bulk is on the source's net.

        Raises
        ------
        SpecError
            The owners have different sources, and `bulk` is missing.
        """
        if bulk is None:
            if not isinstance(source, str):
                raise SpecError(f"array {name} has several sources: give the net of its bulk")
            bulk = source
        return draw_array(self.sheet, self.part(name), size, ArrayNets(gates, drains, source, bulk))

    def resistors(
        self, name: str, size: ResistorArray, ends: Mapping[str, tuple[str, str]], bulk: str, *, in_well: bool = False
    ) -> Block:
        """Draw matched resistors, their two ends by owner."""
        return draw_resistors(self.sheet, self.part(name), size, ends, bulk, in_well=in_well)

    def capacitor(self, name: str, side_nm: int, *, top: str, bottom: str) -> Block:
        """Draw a square MIM capacitor."""
        return draw_mim_capacitor(self.sheet, self.part(name), side_nm, top=top, bottom=bottom)

    def compose(
        self,
        name: str,
        *,
        left: Sequence[Block],
        right: Sequence[Block] = (),
        exports: Sequence[str],
        ports: Mapping[str, str] | None = None,
    ) -> Block:
        """Compose blocks on both sides of a spine as one block, whose exported rails are named ports.

        netgen takes the pins of a subcircuit by name, and where it finds none by the circuit alone, which cannot tell
        two equal outputs apart.

        Parameters
        ----------
        ports
            The names of ports that are not their nets', as the subcircuit has them.
        """
        block = compose(self.sheet, self.part(name), Stacks(left, right), exports=exports, power=Power(self.supplies))
        for rail in block.rails:
            self.sheet.port(block.cell, "met2", (ports or {}).get(rail.net, rail.net), rail.x0, rail.y)
        return block

    def finish(
        self,
        *,
        left: Sequence[Block],
        right: Sequence[Block] = (),
        pins: Sequence[str],
        at_edge: Sequence[str] = (),
        hang: bool = False,
    ) -> kdb.Layout:
        """Compose the top cell with its pins; those of `at_edge` have a single rail, which is led to the left edge."""
        exports = [pin for pin in pins if pin not in at_edge]
        stacks, power = Stacks(left, right, hang), Power(self.supplies)
        top = compose(self.sheet, self.name, stacks, exports=exports, through=at_edge, power=power)
        draw_pins(self.sheet, top, at_edge)
        return self.sheet.finish()

    def part(self, name: str) -> str:
        """The name of a part's cell: the same only for the same part of an equal spec."""
        return "_".join(filter(None, (self.name, name, self.variant)))
