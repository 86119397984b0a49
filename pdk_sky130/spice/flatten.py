"""Flatten a subcircuit of a netlist: all calls of other subcircuits resolved, names and nets joined by dots.

What stays are the elements that call no subcircuit of the netlist; what they mean is for each step of the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mirrorneuron.pdk_sky130.errors import NetlistError
from mirrorneuron.pdk_sky130.spice.expression import Scope
from mirrorneuron.pdk_sky130.spice.netlist import ElementLine, SpiceNetlist, SpiceSubcircuit

__all__ = ["FlatElement", "flatten"]

DEPTH_MAX: Final = 50
"""Deepest nesting of subcircuits."""

ELEMENTS_MAX: Final = 1_000_000
"""Most elements of a flat circuit; calls of subcircuits count as well."""


_SHOWN_MAX: Final = 40


@dataclass(frozen=True)
class FlatElement:
    """An element of a flat circuit.

    ``copies`` is the product of the multiplicities ``m`` of the calls that lead to it, without its own; 1 where each
    copy is an element of its own.
    """

    name: str
    element: ElementLine
    copies: float
    _nets: _NetMap
    _scope: Scope

    @property
    def letter(self) -> str:
        """What kind of element it is in SPICE."""
        return self.element.letter

    @property
    def words(self) -> tuple[str, ...]:
        """The words after its name, as written: nodes, then a model or a value."""
        return self.element.words

    @property
    def parameters(self) -> Mapping[str, str]:
        """Its parameters as text."""
        return self.element.parameters

    def nets(self, nodes: tuple[str, ...]) -> tuple[str, ...]:
        """The nets of the flat circuit that nodes of the element's line are.

        Raises
        ------
        NetlistError
            Two nets of different subcircuits would get one name.
        """
        try:
            return tuple(self._nets.net(node) for node in nodes)
        except NetlistError as error:
            raise self.error(str(error)) from error

    def value(self, text: str) -> float:
        """The value of a text of the line; names are the circuit's parameters, or else others of the same line.

        Raises
        ------
        NetlistError
            The text has no value; the message tells the place.
        """
        try:
            return self._scope.value(text)
        except NetlistError as error:
            raise self.error(str(error)) from error

    def parameter(self, name: str) -> float:
        """The value of a parameter; raises as `value`."""
        try:
            return self._scope.value(self.parameters[name])
        except NetlistError as error:
            raise self.error(f"{name}={self.parameters[name][:_SHOWN_MAX]} is no number: {error}") from error

    def values(self) -> dict[str, float]:
        """All parameters as numbers; raises as `value`."""
        return {name: self.parameter(name) for name in self.parameters}

    def error(self, message: str) -> NetlistError:
        """An error at this element."""
        return self.element.error(message)


def flatten(
    netlist: SpiceNetlist,
    circuit: SpiceSubcircuit,
    is_device: Callable[[str], bool],
    *,
    separate_copies: bool = False,
) -> Iterator[FlatElement]:
    """The elements of `circuit`, in the order of the file.

    Parameters
    ----------
    is_device
        Whether a name is a device of the PDK. An empty subcircuit of such a name is a placeholder for it.
    separate_copies
        Whether a call with ``m`` becomes that many instances with nets of their own. Otherwise its elements stay once,
        with that many ``copies``: the same voltages and currents, but not the same nets.

    Raises
    ------
    NetlistError
        A call does not fit its subcircuit, a subcircuit contains itself, or `DEPTH_MAX` or `ELEMENTS_MAX` is exceeded.
    """
    walker = _Walker(netlist, is_device, separate_copies)
    walker.count(circuit, ())
    nets = _NetMap("", {}, netlist.shared, {})
    return walker.elements(circuit, nets, walker.scope(circuit, {}), 1.0)


class _NetMap:
    """The nets of the flat circuit by the nodes of one instance of a subcircuit."""

    def __init__(
        self, prefix: str, ports: Mapping[str, str], shared: set[str], owners: dict[str, tuple[str, str]]
    ) -> None:
        self.prefix = prefix
        self.ports = ports
        self.shared = shared
        self.owners = owners

    def net(self, node: str) -> str:
        if node in self.shared:
            return node
        if node in self.ports:
            return self.ports[node]
        net = self.prefix + node
        owner = self.owners.setdefault(net, (self.prefix, node))
        if owner != (self.prefix, node):
            raise NetlistError(
                f"net {node} of {self.prefix[:-1] or 'the top circuit'} and net {owner[1]} of "
                f"{owner[0][:-1] or 'the top circuit'} would both be called {net}; rename one of them"
            )
        return net

    def below(self, name: str, ports: Mapping[str, str]) -> _NetMap:
        """Those of an instance `name` whose pins are on the nets `ports`."""
        return _NetMap(f"{self.prefix}{name}.", ports, self.shared, self.owners)


class _Walker:
    def __init__(self, netlist: SpiceNetlist, is_device: Callable[[str], bool], separate_copies: bool) -> None:
        self._netlist = netlist
        self._is_device = is_device
        self._separate_copies = separate_copies
        self._global_scope = Scope(netlist.parameters)
        self._counts: dict[str, int] = {}

    def scope(self, circuit: SpiceSubcircuit, values: Mapping[str, float]) -> Scope:
        """The parameters inside of a subcircuit that is called with `values`."""
        return Scope({**circuit.defaults, **circuit.parameters}, self._global_scope, values)

    def count(self, circuit: SpiceSubcircuit, path: tuple[str, ...]) -> int:
        """The number of elements and calls in a subcircuit and all that it calls, found without visiting each."""
        if circuit.name in path:
            raise NetlistError(
                f"{self._netlist.source}: .subckt {circuit.name} contains itself ({' > '.join((*path, circuit.name))})"
            )
        if len(path) > DEPTH_MAX:
            raise NetlistError(f"{self._netlist.source}: subcircuits are nested more than {DEPTH_MAX} deep")
        if circuit.name not in self._counts:
            total = len(circuit.elements)
            for element in circuit.elements.values():
                inner = self._called(element)
                if inner is not None:
                    _check_pins(element, inner)
                    total += self.count(inner, (*path, circuit.name))
            self._check_count(total, circuit.name)
            self._counts[circuit.name] = total
        return self._counts[circuit.name]

    def _check_count(self, total: float, name: str) -> None:
        if total > ELEMENTS_MAX:
            raise NetlistError(f"{self._netlist.source}: {name} has more than {ELEMENTS_MAX} elements when it is flat")

    def _called(self, element: ElementLine) -> SpiceSubcircuit | None:
        """The subcircuit of the netlist that an element calls, if it calls one."""
        if element.letter != "x":
            return None
        if not element.words:
            raise element.error("has no nets and no model")
        name = element.words[-1]
        inner = self._netlist.subcircuits.get(name)
        if inner is None or not self._is_device(name):
            return inner
        if inner.elements:
            raise element.error(
                f".subckt {name} of the netlist has the name of a device of the PDK, whose own model is used; "
                "leave the definition out, or rename it"
            )
        return None

    def elements(self, circuit: SpiceSubcircuit, nets: _NetMap, scope: Scope, copies: float) -> Iterator[FlatElement]:
        for element in circuit.elements.values():
            inner = self._called(element)
            # Names of the line itself are looked up last: `w=w` is the circuit's w.
            own = {name: text for name, text in element.parameters.items() if name not in scope}
            alone = 1.0 if self._separate_copies else copies
            flat = FlatElement(nets.prefix + element.name, element, alone, nets, Scope(own, scope))
            if inner is None:
                yield flat
            else:
                yield from self._call(flat, inner, nets, copies)

    def _call(self, call: FlatElement, inner: SpiceSubcircuit, nets: _NetMap, outer: float) -> Iterator[FlatElement]:
        """The elements of the subcircuit that is called, `outer` times as often as the line is in the flat circuit."""
        ports = self._ports(call, inner)
        values = call.values()
        copies = values.pop("m", 1.0)
        unknown = sorted(values.keys() - inner.defaults.keys())
        if unknown:
            raise call.error(
                f"{inner.name} has no parameter {unknown[0]}; it has {', '.join(inner.defaults) or 'none'}"
            )
        scope = self.scope(inner, values)
        names = [call.element.name]
        if self._separate_copies and copies != 1:
            if copies < 1 or copies != int(copies):
                raise call.error(f"m={call.parameters['m']} must be a whole number from 1")
            self._check_count(outer * copies * self.count(inner, ()), inner.name)
            names = [f"{call.element.name}.{number}" for number in range(int(copies))]
        for name in names:
            yield from self.elements(inner, nets.below(name, ports), scope, outer * copies)

    def _ports(self, call: FlatElement, inner: SpiceSubcircuit) -> dict[str, str]:
        """The net on each pin of the subcircuit that is called."""
        ports = dict(zip(inner.pins, call.nets(call.words[:-1]), strict=True))
        for pin, net in ports.items():
            if pin in self._netlist.shared and net != pin:
                raise call.error(f"pin {pin} of {inner.name} is a global net, but {net} is connected to it")
        return ports


def _check_pins(call: ElementLine, inner: SpiceSubcircuit) -> None:
    count = len(call.words) - 1
    if count != len(inner.pins):
        raise call.error(
            f"{inner.name} has {len(inner.pins)} pins, {count} nets are given (pins: {' '.join(inner.pins) or 'none'})"
        )
