"""The capacitors of an extracted netlist, from Magic's capacitances of nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mirrorneuron.flows.extract.ext_file import ExtractedCell
from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["capacitors_af"]

# Rounding in Magic's sums; a real capacitance is larger by orders of magnitude.
_NOTHING_AF: Final = 1e-3


def capacitors_af(
    extracted: ExtractedCell,
    spell: Callable[[str], str],
    pins: Sequence[str],
    in_models: Sequence[tuple[str, float]],
) -> dict[tuple[str, str], float]:
    """Capacitance [aF] by pair of nets as they are spelled, in alphabetical order.

    Parameters
    ----------
    spell
        The name of a node in the netlist.
    in_models
        Nodes whose capacitance to the substrate [aF] is in a device's model already; it is subtracted.

    Raises
    ------
    EvidenceError
        A capacitance is negative.
    """
    substrate = extracted.substrate
    pairs = [(name, substrate, node.capacitance_af) for name, node in extracted.nodes.items()]
    pairs += [(first, second, value) for (first, second), value in extracted.couplings_af.items()]
    pairs += [(node, substrate, -value) for node, value in in_models]
    bodies = {
        device.gate: tuple(terminal.node for terminal in device.terminals)
        for device in extracted.devices
        if device.kind == "rsubckt"
    }

    def ends(node: str) -> tuple[tuple[str, float], ...]:
        """The nets that a node's capacitance belongs to, with their parts: half of a resistor's body at either end."""
        nodes = bodies.get(extracted.aliases.get(node, node))
        return tuple((spell(end), 0.5) for end in nodes) if nodes else ((spell(node), 1.0),)

    sums: dict[tuple[str, str], float] = defaultdict(float)
    for first, second, value in pairs:
        for net, part in ends(first):
            for other_net, share in ends(second):
                if net != other_net:
                    sums[min(net, other_net), max(net, other_net)] += value * part * share
    kept = {pair: value for pair, value in sums.items() if abs(value) > _NOTHING_AF}
    _check_positive(kept)
    return dict(sorted(_without_floating(kept, {*pins, *_driven(extracted, spell)}).items()))


def _check_positive(sums: Mapping[tuple[str, str], float]) -> None:
    negative = {pair: value for pair, value in sums.items() if value < 0}
    if negative:
        pair = min(negative, key=lambda key: negative[key])
        raise EvidenceError(
            f"Magic finds {len(negative)} negative capacitances, the worst {negative[pair] / 1000:.4g} fF between "
            f"{pair[0]} and {pair[1]}: its model does not hold for this layout. Use a newer Magic."
        )


def _driven(extracted: ExtractedCell, spell: Callable[[str], str]) -> set[str]:
    """The substrate, and the nets that a device is connected to."""
    nets = {spell(extracted.substrate)}
    for device in extracted.devices:
        nets |= {spell(name) for name in (device.gate, device.bulk) if name}
        nets |= {spell(terminal.node) for terminal in device.terminals}
    return nets


def _without_floating(sums: Mapping[tuple[str, str], float], driven: set[str]) -> dict[tuple[str, str], float]:
    """Replace each net that has capacitors alone by its effect between its neighbours (star to mesh).

    Exact for a conductor without charge; left in, it would have no operating point.
    """
    around: dict[str, dict[str, float]] = defaultdict(dict)
    for (first, second), value in sums.items():
        around[first][second] = around[second][first] = value
    for net in sorted(around.keys() - driven):
        star = around.pop(net)
        total = sum(star.values())
        neighbours = sorted(star)
        for neighbour in neighbours:
            del around[neighbour][net]
        for i, first in enumerate(neighbours):
            for second in neighbours[i + 1 :]:
                value = around[first].get(second, 0.0) + star[first] * star[second] / total
                around[first][second] = around[second][first] = value
    return {(first, second): value for first, row in around.items() for second, value in row.items() if first < second}
