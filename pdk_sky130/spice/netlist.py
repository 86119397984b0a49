"""Read a SPICE netlist (ours, Magic's or another's) and flatten one of its subcircuits into elements with numbers.

Understood are ``.subckt`` with parameters, ``.include``, ``.param``, ``.global``, ``.model``; the elements R, C, L,
V and I (constant), E and G (linear), D, Q, M (with a ``.model`` of the netlist) and X (a subcircuit of the netlist, or
a device of the PDK). Anything else is an error, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mirrorneuron.pdk_sky130.errors import FileError, NetlistError
from mirrorneuron.pdk_sky130.spice import Scope, assignments, logical_lines

__all__ = ["GROUND", "Element", "Netlist", "Subcircuit", "floating_nodes", "merge_parallel", "parse", "read"]

GROUND: Final = "0"

_NODES: Final = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "e": 4, "g": 4}
_MODELLED: Final = frozenset("dqm")
# Between which terminals of an element a direct current can flow; for a device of the PDK see `_conducting`.
_CONDUCTING: Final = {"r": (0, 1), "l": (0, 1), "v": (0, 1), "e": (0, 1), "d": (0, 1), "q": (0, 1, 2), "m": (0, 2, 3)}
_EQUALS: Final = re.compile(r"\s*=\s*")
_EXPRESSION: Final = re.compile(r"\{[^}]*\}|'[^']*'|\"[^\"]*\"")
_PAIR: Final = re.compile(r"(?<=\s)[a-z_][a-z0-9_]*=|\bparams:")
_INCLUDE: Final = re.compile(
    r"^[ \t]*\.inc(?:lude)?[ \t]+[\"']?([^\"'\n]+?)[\"']?[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_TRANSISTOR: Final = re.compile(r"__[np]fet_")
_ONE_WAY: Final = re.compile(r"d16v0|_20v0")
"""Transistors with an extended drain, whose drain and source are not alike."""
_OPPOSITE: Final = {"ad": "as", "as": "ad", "pd": "ps", "ps": "pd", "nrd": "nrs", "nrs": "nrd"}
_IGNORED: Final = (".end", ".title")


@dataclass(frozen=True)
class Element:
    """One element of a flat netlist.

    ``letter`` is what it is in SPICE; ``model`` is the device or model of an X, D, Q, M or R line, else empty;
    ``value`` is that of the others (ohm, farad, henry, volt, ampere, gain).
    """

    name: str
    letter: str
    nodes: tuple[str, ...]
    model: str = ""
    value: float | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Subcircuit:
    """A subcircuit as written: its pins in order, its parameters' defaults and its element lines."""

    name: str
    pins: tuple[str, ...]
    defaults: dict[str, str]
    lines: list[str] = field(default_factory=list)


@dataclass
class Netlist:
    """The subcircuits of a netlist by name; ``source`` is what messages call it."""

    source: str
    subcircuits: dict[str, Subcircuit] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=lambda: {GROUND})

    def subcircuit(self, name: str) -> Subcircuit:
        """The subcircuit of this name.

        Raises
        ------
        NetlistError
            There is none; the message lists those that there are.
        """
        try:
            return self.subcircuits[name.lower()]
        except KeyError:
            known = ", ".join(self.subcircuits) or "none at all"
            raise NetlistError(f"{self.source}: no subcircuit {name}; it holds {known}") from None

    def flatten(self, top: str, is_device: Callable[[str], bool], is_model: Callable[[str], bool]) -> list[Element]:
        """The elements of `top`, all subcircuits of the netlist resolved, names and nodes joined by dots.

        Parameters
        ----------
        is_device, is_model
            Whether the PDK has a device, or a bare model, of a name.

        Raises
        ------
        NetlistError
            A line is not understood, a subcircuit, device or model is unknown, or nodes are miscounted.
        """
        circuit = self.subcircuit(top)
        scope = Scope(circuit.defaults, Scope(self.parameters))
        ports = {pin: pin for pin in circuit.pins}
        return list(_Flattener(self, is_device, is_model).elements(circuit, "", ports, scope, 1.0, (circuit.name,)))


def merge_parallel(elements: Iterable[Element]) -> list[Element]:
    """Equal transistors between the same nodes as one with their number as ``m``.

    An extracted array is hundreds of fingers and a few distinct transistors. Drain and source may be exchanged where
    the transistor is symmetrical; areas and perimeters, which differ from finger to finger, become their means, so that
    the sums stay.
    """
    merged: dict[tuple[object, ...], Element] = {}
    for element in elements:
        if element.letter != "x" or not _TRANSISTOR.search(element.model) or len(element.nodes) != 4:
            merged[element.name,] = element
            continue
        drain, gate, source, bulk = element.nodes
        values = dict(element.parameters)
        if drain > source and not _ONE_WAY.search(element.model):
            drain, source = source, drain
            values = {_OPPOSITE.get(name, name): value for name, value in values.items()}
        own = {name: value for name, value in values.items() if name not in _OPPOSITE and name != "m"}
        key = (
            element.model,
            drain,
            gate,
            source,
            bulk,
            *sorted(own.items()),
            *sorted(values.keys() & _OPPOSITE.keys()),
        )
        twin = merged.get(key)
        count = values.get("m", 1.0)
        if twin is not None:
            before = twin.parameters["m"]
            total = before + count
            means = {
                name: (twin.parameters[name] * before + values[name] * count) / total
                for name in values.keys() & _OPPOSITE.keys()
            }
            merged[key] = replace(twin, parameters={**own, **means, "m": total})
        else:
            merged[key] = replace(element, nodes=(drain, gate, source, bulk), parameters={**values, "m": count})
    return list(merged.values())


class _Flattener:
    def __init__(self, netlist: Netlist, is_device: Callable[[str], bool], is_model: Callable[[str], bool]) -> None:
        self._netlist = netlist
        self._is_device = is_device
        self._is_model = is_model

    def elements(
        self,
        circuit: Subcircuit,
        prefix: str,
        ports: Mapping[str, str],
        scope: Scope,
        multiple: float,
        path: tuple[str, ...],
    ) -> Iterator[Element]:
        def node(name: str) -> str:
            if name in self._netlist.shared:
                return name
            return ports.get(name) or prefix + name

        names: set[str] = set()
        for line in circuit.lines:
            words, texts = _words(line)
            where = f"{self._netlist.source}, {circuit.name}: {line[:120]!r}"
            try:
                if words[0] in names:
                    raise NetlistError(f"the name {words[0]} is used twice")
                names.add(words[0])
                if words[0][0] == "x":
                    yield from self._call(words, texts, prefix, node, scope, multiple, path)
                else:
                    yield self._plain(words, texts, prefix, node, scope, multiple)
            except NetlistError as error:
                message = str(error)
                raise (
                    error if message.startswith(self._netlist.source) else NetlistError(f"{where}: {message}")
                ) from error

    def _call(
        self,
        words: list[str],
        texts: Mapping[str, str],
        prefix: str,
        node: Callable[[str], str],
        scope: Scope,
        multiple: float,
        path: tuple[str, ...],
    ) -> Iterator[Element]:
        if len(words) < 2:
            raise NetlistError("no subcircuit is named")
        name, *nodes, model = words
        values = {key: scope.value(text) for key, text in texts.items()}
        inner = self._netlist.subcircuits.get(model)
        if inner is None:
            if not self._is_device(model):
                raise NetlistError(f"{model} is no subcircuit of the netlist and no device of the PDK's models")
            if multiple != 1.0 or "m" in values:
                values["m"] = multiple * values.get("m", 1.0)
            yield Element(prefix + name, "x", tuple(node(n) for n in nodes), model=model, parameters=values)
            return
        if model in path:
            raise NetlistError(f"{model} contains itself")
        if len(nodes) != len(inner.pins):
            raise NetlistError(
                f"{model} has the {len(inner.pins)} pins {' '.join(inner.pins)}, {len(nodes)} nodes are given"
            )
        multiple *= values.pop("m", 1.0)
        unknown = sorted(values.keys() - inner.defaults.keys())
        if unknown:
            raise NetlistError(f"{model} has no parameter {unknown[0]}")
        ports = dict(zip(inner.pins, (node(n) for n in nodes), strict=True))
        local = Scope(inner.defaults, Scope(self._netlist.parameters), values)
        yield from self.elements(inner, f"{prefix}{name}.", ports, local, multiple, (*path, model))

    def _plain(
        self,
        words: list[str],
        texts: Mapping[str, str],
        prefix: str,
        node: Callable[[str], str],
        scope: Scope,
        multiple: float,
    ) -> Element:
        name, letter = prefix + words[0], words[0][0]
        values = {key: scope.value(text) for key, text in texts.items()}
        if letter in _MODELLED:
            at = next((k for k, word in enumerate(words) if k > 2 and word in self._netlist.models), None)
            if at is None:
                raise NetlistError("its model is not in the netlist (a transistor of the PDK is called by an X line)")
            if at + 1 != len(words):
                raise NetlistError(f"{words[at + 1]} is not understood")
            if multiple != 1.0:
                values["m"] = multiple * values.get("m", 1.0)
            nodes = tuple(node(n) for n in words[1:at])
            return Element(name, letter, nodes, model=words[at], parameters=values)
        count = _NODES.get(letter)
        if count is None:
            raise NetlistError(f"elements {letter.upper()} are not supported (supported: R C L V I E G D Q M X)")
        nodes, rest = tuple(node(n) for n in words[1 : count + 1]), words[count + 1 :]
        if letter in "vi" and rest[:1] == ["dc"]:
            rest = rest[1:]
        if letter == "r" and rest and (self._is_model(rest[-1]) or rest[-1] in self._netlist.models):
            if multiple != 1.0:
                values["m"] = multiple * values.get("m", 1.0)
            return Element(name, letter, nodes, model=rest[-1], parameters=values)
        value = values.pop(letter, None) if letter in "rcl" else None
        if value is None and len(rest) == 1:
            value = scope.value(rest.pop())
        if value is None or rest or len(nodes) != count:
            raise NetlistError(f"{words[0]} needs {count} nodes and one value")
        multiple *= values.pop("m", 1.0)
        if values:
            raise NetlistError(f"its parameter {next(iter(values))} is not understood")
        if letter == "c":
            value *= multiple
        elif letter in "rl":
            value /= multiple
        elif letter in "ig":
            value *= multiple
        if letter == "r" and value == 0:
            letter = "v"  # a short; ngspice would make it 1 mohm
        return Element(name, letter, nodes, value=value)


def read(path: Path) -> Netlist:
    """Read a netlist file, with the files that it includes.

    Raises
    ------
    FileError
        A file is missing or no text.
    NetlistError
        A line is not understood.
    """
    return parse(_text(path, ()), str(path))


def parse(text: str, source: str = "netlist") -> Netlist:
    """Read a netlist from its text; `source` is what messages call it.

    Raises
    ------
    NetlistError
        A line is not understood.
    """
    netlist = Netlist(source)
    inside: Subcircuit | None = None
    for line in logical_lines(text):
        where = f"{source}: {line[:120]!r}"
        key = line.split(maxsplit=1)[0]
        if key == ".subckt":
            if inside is not None:
                raise NetlistError(f"{where} stands inside {inside.name}, which is not ended")
            words, defaults = _words(line)
            if len(words) < 2:
                raise NetlistError(f"{where} names no subcircuit")
            inside = Subcircuit(words[1], tuple(words[2:]), defaults)
            if inside.name in netlist.subcircuits:
                raise NetlistError(f"{where}: the subcircuit is defined twice")
        elif key == ".ends":
            if inside is None:
                raise NetlistError(f"{where} without .subckt")
            netlist.subcircuits[inside.name] = inside
            inside = None
        elif key == ".param":
            (netlist.parameters if inside is None else inside.defaults).update(assignments(line))
        elif key == ".model":
            name = line.split()[1]
            if name in netlist.models:
                raise NetlistError(f"{where}: the model is defined twice")
            netlist.models[name] = line
        elif key == ".global":
            netlist.shared.update(line.split()[1:])
        elif inside is not None and key[0] != ".":
            inside.lines.append(line)
        elif key not in _IGNORED:
            raise NetlistError(f"{where} is not understood in a netlist of subcircuits")
    if inside is not None:
        raise NetlistError(f"{source}: .subckt {inside.name} is not ended")
    return netlist


def _text(path: Path, including: tuple[Path, ...]) -> str:
    try:
        text = path.read_text()
    except OSError as error:
        raise FileError(f"{path}: the netlist cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no netlist: it is not text") from error
    here = path.resolve()
    if here in including:
        raise NetlistError(f"{path} includes itself")
    return _INCLUDE.sub(lambda match: _text(path.parent / match.group(1), (*including, here)), text)


def _words(line: str) -> tuple[list[str], dict[str, str]]:
    """The words of a line before its first ``name=value``, and these pairs."""
    # Expressions may hold blanks, and a positional value may be one.
    tight = _EQUALS.sub("=", _EXPRESSION.sub(lambda match: "".join(match.group(0).split()), line))
    first = _PAIR.search(tight)
    if first is None:
        return tight.split(), {}
    return tight[: first.start()].split(), assignments(tight[first.start() :])


def floating_nodes(elements: Iterable[Element], held: Iterable[str]) -> list[str]:
    """Nodes that no direct current reaches from the nodes `held`: only gates, capacitors, current sources there."""
    parents: dict[str, str] = {}

    def root(node: str) -> str:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for element in elements:
        for node in element.nodes:
            root(node)
        joined = [element.nodes[k] for k in _conducting(element) if k < len(element.nodes)]
        for other in joined[1:]:
            parents[root(other)] = root(joined[0])
    reached = {root(node) for node in (*held, GROUND)}
    return [node for node in list(parents) if root(node) not in reached]


def _conducting(element: Element) -> tuple[int, ...]:
    if element.letter != "x":
        return _CONDUCTING.get(element.letter, ())
    if "cap_" in element.model:
        return ()
    if "fet_" in element.model:
        return (0, 2, 3)
    return (0, 1) if "res_" in element.model else (0, 1, 2, 3)
