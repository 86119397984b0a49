"""Magic's ``.ext`` file of a flat cell: nodes, devices and capacitances at full precision.

The SPICE that Magic writes from it rounds to 0.01 fF, gives a node's whole junction to one device, and in 8.3.105
crashes on some foundry cells; so it is read here instead. Format: magic, ``doc/html/manpages/ext_manpage.html``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mirrorneuron.pdk_sky130.errors import EvidenceError

__all__ = ["ExtractedCell", "ExtractedDevice", "ExtractedNode", "Terminal", "read"]

_WORD = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class Terminal:
    """Where a device meets a node, and how wide [um]."""

    node: str
    width_um: float


@dataclass(frozen=True)
class ExtractedDevice:
    """A device: Magic's kind, model, place [um] of its lower left corner, drawn sizes [um] by name (``l``, ``w``)."""

    kind: str
    model: str
    x_um: float
    y_um: float
    sizes_um: Mapping[str, float]
    bulk: str | None
    gate: str
    terminals: tuple[Terminal, ...]


@dataclass(frozen=True)
class ExtractedNode:
    """Capacitance to the substrate [aF]; area [um^2] and perimeter [um] by resistance class; where it is.

    ``kind`` is Magic's type at (`x_um`, `y_um`), the lower left corner of some part of the node.
    """

    capacitance_af: float
    areas_um2: tuple[float, ...]
    perimeters_um: tuple[float, ...]
    x_um: float
    y_um: float
    kind: str


@dataclass
class ExtractedCell:
    """A flat cell as extracted. Every node goes by one name; `aliases` leads from its other names to it."""

    nodes: dict[str, ExtractedNode] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    substrate: str = ""
    devices: list[ExtractedDevice] = field(default_factory=list)
    couplings_af: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    resist_classes: tuple[int, ...] = ()

    def node(self, name: str) -> str | None:
        """The name that a node goes by, from any of its names; None if there is no such node."""
        name = self.aliases.get(name, name)
        return name if name in self.nodes else None


def read(path: Path) -> ExtractedCell:
    """Read a ``.ext`` file.

    Raises
    ------
    EvidenceError
        It is missing, empty, not of a flat cell, or has a line that cannot be read.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(f"Magic's extraction left no readable {path}: {error}") from error
    reader = _ExtReader()
    for number, line in enumerate(lines, 1):
        words = [quoted or bare for quoted, bare in _WORD.findall(line)]
        handle = reader.handlers.get(words[0]) if words else None
        if handle is None:
            continue
        try:
            handle(words)
        except (ValueError, IndexError) as error:
            raise EvidenceError(f"{path}, line {number} cannot be read ({error}): {line[:120]}") from error
    if not reader.scaled or not reader.result.nodes or not reader.result.substrate:
        raise EvidenceError(f"{path} is empty or cut off: Magic extracted nothing from it")
    return reader.finish()


class _ExtReader:
    def __init__(self) -> None:
        self.result = ExtractedCell()
        self.scaled = False
        self.unit_um = 0.0
        self.unit_af = 1.0
        self.equivalents: list[tuple[str, str]] = []
        self.handlers: dict[str, Callable[[list[str]], None]] = {
            "scale": self._scale,
            "resistclasses": self._resist_classes,
            "port": self._port,
            "node": self._node,
            "substrate": self._substrate,
            "equiv": self._equiv,
            "cap": self._cap,
            "subcap": self._subcap,
            "device": self._device,
            "use": self._hierarchical,
            "merge": self._hierarchical,
        }

    def _scale(self, words: list[str]) -> None:
        # Resistance, capacitance, length; the last in hundredths of a micrometre.
        self.unit_af, self.unit_um = float(words[2]), float(words[3]) / 100
        self.scaled = True

    def _resist_classes(self, words: list[str]) -> None:
        self.result.resist_classes = tuple(int(float(word)) for word in words[1:])

    def _port(self, words: list[str]) -> None:
        self.result.ports.setdefault(words[1], int(words[2]))

    def _node(self, words: list[str]) -> None:
        # node name resistance capacitance x y type, then area and perimeter for each resistance class
        pairs = [float(word) for word in words[7:]]
        self.result.nodes[words[1]] = ExtractedNode(
            float(words[3]) * self.unit_af,
            tuple(area * self.unit_um**2 for area in pairs[0::2]),
            tuple(perimeter * self.unit_um for perimeter in pairs[1::2]),
            float(words[4]) * self.unit_um,
            float(words[5]) * self.unit_um,
            words[6],
        )

    def _substrate(self, words: list[str]) -> None:
        self._node(words)
        self.result.substrate = words[1]

    def _equiv(self, words: list[str]) -> None:
        self.equivalents.append((words[1], words[2]))

    def _cap(self, words: list[str]) -> None:
        first, second = sorted(words[1:3])
        self.result.couplings_af[first, second] += float(words[3]) * self.unit_af

    def _subcap(self, words: list[str]) -> None:
        node = self.result.nodes[words[1]]
        added = float(words[2]) * self.unit_af
        self.result.nodes[words[1]] = replace(node, capacitance_af=node.capacitance_af + added)

    def _device(self, words: list[str]) -> None:
        # device kind model x1 y1 x2 y2 [name=value ...] [bulk] gate length attributes {node width attributes}
        kind, model = words[1:3]
        x, y = (float(word) * self.unit_um for word in words[3:5])
        rest = words[7:]
        sizes: dict[str, float] = {}
        while "=" in rest[0]:
            name, _, value = rest.pop(0).partition("=")
            sizes[name] = float(value) * self.unit_um
        # Node, width, attributes repeat; what is left over at the front is the bulk.
        bulk = rest.pop(0) if len(rest) % 3 else None
        triples = [rest[i : i + 3] for i in range(0, len(rest), 3)]
        terminals = tuple(Terminal(node, float(width) * self.unit_um) for node, width, _ in triples[1:])
        self.result.devices.append(
            ExtractedDevice(kind, model, x, y, sizes, None if bulk == "None" else bulk, triples[0][0], terminals)
        )

    def _hierarchical(self, _words: list[str]) -> None:
        raise ValueError("the cell is not flat")

    def finish(self) -> ExtractedCell:
        """Give every alias its node's name; a name may stand on either side of an ``equiv``."""
        nodes = self.result.nodes
        pending = [pair for pair in self.equivalents if pair[0] != pair[1]]
        while pending:
            later = []
            for first, second in pending:
                known = next((name for name in (first, second) if self.result.node(name)), None)
                if known is None:
                    later.append((first, second))
                    continue
                other = second if known == first else first
                if other not in nodes:
                    self.result.aliases[other] = self.result.aliases.get(known, known)
            if len(later) == len(pending):
                break
            pending = later
        return self.result
