"""Cutting the fingers of a group into units (what a unit is: `mirrorneuron.flows.matching.group`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from mirrorneuron.flows.matching.group import MatchedUnit, OutputKey
from mirrorneuron.flows.matching.grouping.sources import other_end
from mirrorneuron.flows.matching.read.fingers import Finger

__all__ = ["Cutter", "UnitCut"]

_MAJORITY_MIN: Final = 3

_Blocks: TypeAlias = list[list[Finger]]
"""Fingers that a cut holds together."""


@dataclass(frozen=True)
class UnitCut:
    """Units, the number of fingers of a unit, and the units that have another number."""

    units: Sequence[MatchedUnit]
    fingers: int = 1
    odd: Sequence[MatchedUnit] = ()


class Cutter:
    """Cuts fingers into units; knows all fingers of the layout."""

    def __init__(self, fingers: Sequence[Finger]) -> None:
        """Find the placed cells and the pieces of poly whose fingers are all on the same nets."""
        self._uniform_instances = _uniform(fingers, lambda finger: finger.instance)
        self._uniform_polys = _uniform(fingers, lambda finger: finger.poly)

    def units(self, fingers: Sequence[Finger], sources: frozenset[int], size: int | None) -> UnitCut:
        """Cut the fingers of a group.

        Parameters
        ----------
        size
            Fingers of a unit as the netlist states it; None: the cut must give all units the same number.
        """
        cuts = list(self._cuts(fingers, sources))
        single = [[finger] for finger in fingers]
        for blocks in cuts if size is None else [*cuts, single]:
            sizes = {len(block) for block in blocks}
            if len(sizes) == 1 and (size is None or sizes == {size}):
                return UnitCut(_units(blocks, sources), sizes.pop())
        if size is not None:
            blocks = _chunks(fingers, sources, size)
            if blocks:
                return UnitCut(_units(blocks, sources), size)
        for blocks in cuts:
            cut = _uneven(blocks, sources)
            if cut:
                return cut
        return UnitCut(_units(single, sources))

    def _cuts(self, fingers: Sequence[Finger], sources: frozenset[int]) -> Iterator[_Blocks]:
        """By placed cell, by piece of poly, and by the pieces of diffusion at the drains, where these can be."""
        if all(self._uniform_instances[finger.instance] for finger in fingers):
            yield _blocks(fingers, lambda finger: finger.instance)
        if all(self._uniform_polys[finger.poly] for finger in fingers):
            yield _blocks(fingers, lambda finger: finger.poly)
        columns = _blocks(fingers, lambda finger: finger.columns[0 if finger.ends[1] in sources else 1])
        if all(len(block) > 1 for block in columns):
            yield columns


def _uniform(fingers: Iterable[Finger], number: Callable[[Finger], int]) -> dict[int, bool]:
    """By number, whether it is one and all fingers that have it are on the same nets."""
    nets: dict[int, set[tuple[int, frozenset[int]]]] = defaultdict(set)
    for finger in fingers:
        nets[number(finger)].add((finger.gate, frozenset(finger.ends)))
    return {key: key >= 0 and len(own) == 1 for key, own in nets.items()}


def _blocks(fingers: Iterable[Finger], number: Callable[[Finger], int]) -> _Blocks:
    blocks: dict[int, list[Finger]] = defaultdict(list)
    for finger in fingers:
        blocks[number(finger)].append(finger)
    return list(blocks.values())


def _output(finger: Finger, sources: frozenset[int]) -> OutputKey:
    return finger.gate, other_end(finger, sources)


def _units(blocks: Iterable[Sequence[Finger]], sources: frozenset[int]) -> list[MatchedUnit]:
    units = [MatchedUnit(tuple(block), *_output(block[0], sources)) for block in blocks]
    return sorted(units, key=lambda unit: (unit.y, unit.x))


def _pieces(fingers: Sequence[Finger], size: int) -> _Blocks:
    """Fingers from the left in pieces of `size`."""
    ordered = sorted(fingers, key=lambda finger: (finger.x, finger.y))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _chunks(fingers: Iterable[Finger], sources: frozenset[int], size: int) -> _Blocks:
    """Neighbours on one strip of diffusion with one drain in pieces of `size`; empty if that leaves a rest."""
    strips: dict[tuple[int, int, int], list[Finger]] = defaultdict(list)
    for finger in fingers:
        strips[finger.island, *_output(finger, sources)].append(finger)
    if any(len(strip) % size for strip in strips.values()):
        return []
    return [piece for strip in strips.values() for piece in _pieces(strip, size)]


def _uneven(blocks: _Blocks, sources: frozenset[int]) -> UnitCut | None:
    """Units of blocks that differ in size: larger blocks of whole outputs are several units; few others are odd."""
    sizes = Counter(len(block) for block in blocks)
    least, (usual, count) = min(sizes), sizes.most_common(1)[0]
    of_output: dict[OutputKey, list[int]] = defaultdict(list)
    for block in blocks:
        of_output[_output(block[0], sources)].append(len(block))
    multiples = not any(size % least for size in sizes) and all(len(set(own)) == 1 for own in of_output.values())
    majority = count >= _MAJORITY_MIN and 2 * count > len(blocks)
    if multiples and (usual == least or not majority or all(len(own) == 1 for own in of_output.values())):
        return UnitCut(_units([piece for block in blocks for piece in _pieces(block, least)], sources), least)
    if not majority:
        return None
    units = _units(blocks, sources)
    return UnitCut(units, usual, [unit for unit in units if len(unit.fingers) != usual])
