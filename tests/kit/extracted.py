"""An extracted netlist, read line by line without the flow's reader."""

from __future__ import annotations

from pathlib import Path


class Read:
    """What stands in an extracted netlist; nothing else may stand there."""

    def __init__(self, path: Path) -> None:
        self.pins: list[str] = []
        self.devices: list[tuple[tuple[str, ...], str, dict[str, float]]] = []
        self.capacitors: dict[frozenset[str], float] = {}
        for line in path.read_text().splitlines():
            words = line.split()
            if words[0] == ".subckt":
                self.pins = words[2:]
            elif words[0].startswith("X"):
                names = [word for word in words[1:] if "=" not in word]
                values = dict(word.split("=") for word in words[1:] if "=" in word)
                self.devices.append((tuple(names[:-1]), names[-1], {key: float(v) for key, v in values.items()}))
            elif words[0].startswith("C"):
                assert frozenset(words[1:3]) not in self.capacitors
                self.capacitors[frozenset(words[1:3])] = float(words[3])
            else:
                assert words[0] in ("*", ".ends"), line

    def device(self, *nodes: str) -> tuple[str, dict[str, float]]:
        """Model and sizes of the only device between these nodes; the ends of a channel may be swapped."""
        swapped = (nodes[2], nodes[1], nodes[0], *nodes[3:]) if len(nodes) == 4 else nodes[::-1]
        (found,) = [(model, sizes) for names, model, sizes in self.devices if names in (nodes, swapped)]
        return found

    def coupling_af(self, one: str, other: str) -> float:
        return self.capacitors.get(frozenset((one, other)), 0.0) * 1e18
