"""Names of nets and devices as every tool takes them.

Magic, netgen and KLayout each give some characters a meaning (``vdd!``, ``a/b``, ``$1``, brackets), so they get names
without any, the same for layout and netlist; `PlainNames.restore` puts the real ones into what they report.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from mirrorneuron.flows.lvs.circuit import LvsCircuit

__all__ = ["PlainNames", "canonical"]

_LENGTH_MAX: Final = 64
_PLAIN: Final = re.compile(rf"[a-z0-9_][a-z0-9_.]{{0,{_LENGTH_MAX - 1}}}")
_PLAIN_PIN: Final = re.compile(rf"[a-z_][a-z0-9_]{{0,{_LENGTH_MAX - 1}}}")
_ANGLES: Final = re.compile(r"<(\d+(?::\d+)?)>")
_TOKEN: Final = re.compile(r"\b[a-z]?plain_\d+_\b", re.IGNORECASE)


def canonical(name: str) -> str:
    """A name as SPICE compares it: in lower case, without blanks around it; ``a<3>`` of a bus is ``a[3]``."""
    return _ANGLES.sub(r"[\1]", name.strip().lower())


class PlainNames:
    """Plain names by name, made as they are asked for."""

    def __init__(self) -> None:
        """No name is known yet."""
        self._plain: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def net(self, name: str, *, pin: bool = False) -> str:
        """The plain name of a net; that of a pin has no dot either. A name once given stays."""
        name = canonical(name)
        plain = self._plain.get(name)
        if plain is None:
            fits = (_PLAIN_PIN if pin else _PLAIN).fullmatch(name) and not _TOKEN.fullmatch(name)
            plain = self._plain[name] = name if fits else self._new(name)
        return plain

    def circuit(self, circuit: LvsCircuit, name: str) -> LvsCircuit:
        """A circuit with plain names, called `name`."""
        pins = tuple(self.net(pin, pin=True) for pin in circuit.pins)
        devices = tuple(
            replace(device, name=self._device(device.name), nets=tuple(map(self.net, device.nets)))
            for device in circuit.devices
        )
        return LvsCircuit(name, pins, devices)

    def restore(self, text: str) -> str:
        """A text of a tool with the real names in the place of the plain ones."""
        return _TOKEN.sub(lambda match: self._names.get(match[0].lower(), match[0]), text)

    def _device(self, name: str) -> str:
        """The first letter says what a device is, so it stays."""
        if _PLAIN.fullmatch(name) and not _TOKEN.fullmatch(name):
            return name
        plain = name[0] + self._new(name)
        self._names[plain] = name
        return plain

    def _new(self, name: str) -> str:
        plain = f"plain_{len(self._names) + 1}_"
        self._names[plain] = name
        return plain
