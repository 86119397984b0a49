"""What a measured number is called, and its unit."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Quantity"]


@dataclass(frozen=True)
class Quantity:
    """A measured quantity: `text` as a designer calls it, and `unit`, which is empty for a count."""

    text: str
    unit: str = ""
