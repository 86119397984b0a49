"""All kinds of faults by group: importing the modules that plant them enters the kinds."""

from __future__ import annotations

from mutation import circuits, devices, drawings, labels, netlists, wires  # noqa: F401
from mutation.fault import CIRCUIT_KINDS, KINDS, MIRROR_KINDS

__all__ = ["GROUPS"]

GROUPS = {"common": KINDS, "mirror": MIRROR_KINDS, "circuit": CIRCUIT_KINDS}
"""Kinds of faults: those of any cell, those of mirrors alone, those in circuit and layout alike."""
