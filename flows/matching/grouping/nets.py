"""Nets that devices join into sets."""

from __future__ import annotations

__all__ = ["JoinedNets"]


class JoinedNets:
    """Disjoint sets of nets, each with a net that stands for it."""

    def __init__(self) -> None:
        """Begin with every net by itself."""
        self._root: dict[int, int] = {}

    def find(self, net: int) -> int:
        """The net that stands for the set of a net."""
        while self._root.setdefault(net, net) != net:
            net = self._root[net]
        return net

    def join(self, first: int, second: int) -> None:
        """Make one set of those of two nets."""
        self._root[self.find(first)] = self.find(second)
