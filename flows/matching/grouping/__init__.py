"""Grouping: which devices of a layout are meant to match, what their units are, and which arrays these lie in."""

from mirrorneuron.flows.matching.grouping.find import find_groups

__all__ = ["find_groups"]
