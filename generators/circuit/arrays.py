"""From a matched array's size and the nets of its owners to devices, dummies included."""

from __future__ import annotations

from collections.abc import Mapping

from mirrorneuron.generators.circuit.devices import Bipolar, Resistor, Transistor
from mirrorneuron.generators.placement import Pattern
from mirrorneuron.generators.units import ArraySize, BipolarArray, ResistorArray
from mirrorneuron.pdk_sky130.errors import NetlistError

__all__ = ["array_bipolars", "array_resistors", "array_transistors"]


def array_transistors(
    name: str,
    size: ArraySize,
    *,
    source: str | Mapping[str, str],
    bulk: str,
    owners: Mapping[str, tuple[str, str]],
) -> tuple[Transistor, ...]:
    """An array's transistors, with drain and gate by owner, and its dummies.

    `source` is one net, or one net by owner. Dummies are off: all their terminals are on the source's net, or, where
    there are several sources, on the bulk's.

    Raises
    ------
    NetlistError
        The pattern's owners differ from the connected ones.
    """
    unit, pattern = size.unit, size.pattern
    sources = dict.fromkeys(owners, source) if isinstance(source, str) else source
    _check_owners(name, pattern, owners)
    _check_owners(name, pattern, sources)
    units = [
        (f"{name}_{owner}", drain, gate, sources[owner], pattern.count(owner))
        for owner, (drain, gate) in owners.items()
    ]
    if pattern.dummies:
        idle = source if isinstance(source, str) else bulk
        units.append((f"{name}_dummy", idle, idle, idle, pattern.dummies))
    sizes = (unit.width_nm, unit.length_nm, unit.fingers)
    return tuple(
        Transistor(instance, unit.device, drain, gate, its_source, bulk, *sizes, count)
        for instance, drain, gate, its_source, count in units
    )


def array_resistors(
    name: str, size: ResistorArray, *, bulk: str, ends: Mapping[str, tuple[str, str]]
) -> tuple[Resistor, ...]:
    """Matched resistors, with both ends by owner, and dummies, both of whose ends are on the bulk's net.

    Raises
    ------
    NetlistError
        The pattern's owners differ from the connected ones.
    """
    pattern, series = size.pattern, size.series
    _check_owners(name, pattern, ends)
    bars: list[tuple[str, str, str, int]] = []
    for owner, (r0, r1) in ends.items():
        nodes = [r0, *(f"{name}_{owner}_{i}" for i in range(1, series)), r1]
        for i in range(series):
            part = f"_{i + 1}" if series > 1 else ""
            bars.append((f"{name}_{owner}{part}", nodes[i], nodes[i + 1], pattern.count(owner) // series))
    if pattern.dummies:
        bars.append((f"{name}_dummy", bulk, bulk, pattern.dummies))
    return tuple(
        Resistor(instance, size.device, r0, r1, bulk, size.length_nm, count) for instance, r0, r1, count in bars
    )


def array_bipolars(
    name: str, size: BipolarArray, *, substrate: str, owners: Mapping[str, tuple[str, str, str]]
) -> tuple[Bipolar, ...]:
    """Matched npn transistors, with collector, base and emitter by owner.

    Raises
    ------
    NetlistError
        The pattern's owners differ from the connected ones.
    """
    _check_owners(name, size.pattern, owners)
    return tuple(
        Bipolar(f"{name}_{owner}", size.device, *nets, substrate, size.pattern.count(owner))
        for owner, nets in owners.items()
    )


def _check_owners(name: str, pattern: Pattern, connected: Mapping[str, object]) -> None:
    if set(pattern.owners) != connected.keys():
        raise NetlistError(f"array {name} holds {list(pattern.owners)}, but {sorted(connected)} are connected")
