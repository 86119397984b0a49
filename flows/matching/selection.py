"""Which groups are judged, and which errors do not count, as the caller selects them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from mirrorneuron.flows.matching.group import natural
from mirrorneuron.flows.matching.result import Finding
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["Selection"]

_NAMES_SHOWN: Final = 12


@dataclass(frozen=True)
class Selection:
    """Selected groups and ignored errors.

    Attributes
    ----------
    groups
        Names of gates (of npn the base, of resistors the common net); empty selects all groups.
    ignored
        Names of checks; with a gate's name, the check is ignored in the groups of this gate alone.
    """

    groups: frozenset[str]
    ignored: frozenset[tuple[str, str | None]]

    @classmethod
    def of(cls, groups: Collection[str], ignore: Collection[str], checks: Collection[str]) -> Selection:
        """A selection in the words of the caller; `ignore` holds entries CHECK and CHECK:GATE.

        Raises
        ------
        SpecError
            An entry names no check, or a gate where the check has none.
        """
        entries = {(check, gate if colon else None) for check, colon, gate in (text.partition(":") for text in ignore)}
        unknown = sorted({check for check, _ in entries if check not in checks})
        if unknown:
            raise SpecError(f"no check {', '.join(map(repr, unknown))} to ignore; there are: {', '.join(checks)}")
        for _, gate in sorted((check, gate) for check, gate in entries if check == "netlist" and gate is not None):
            raise SpecError(f"netlist:{gate} cannot be ignored: it is compared with all groups. Ignore netlist")
        return cls(frozenset(groups), frozenset(entries))

    def require(self, gates: Iterable[str]) -> None:
        """Refuse names that are not among those of the layout's gates.

        Raises
        ------
        SpecError
            A name selects nothing.
        """
        names = set(gates)
        unknown = sorted((self.groups | {gate for _, gate in self.ignored if gate is not None}) - names, key=natural)
        if unknown:
            known = sorted(names, key=natural)
            more = f" and {len(known) - _NAMES_SHOWN} more" if len(known) > _NAMES_SHOWN else ""
            there = f"there are: {', '.join(known[:_NAMES_SHOWN])}{more}" if known else "there is none"
            raise SpecError(f"no group has the gate {', '.join(map(repr, unknown))}; {there}")

    def has(self, gates: Iterable[str]) -> bool:
        """Whether a group is selected."""
        return not self.groups or not self.groups.isdisjoint(gates)

    def counts(self, finding: Finding) -> bool:
        """Whether an error fails the report."""
        return (finding.check, None) not in self.ignored and self.ignored.isdisjoint(
            (finding.check, gate) for gate in finding.gates
        )
