"""Number of rows of an array of units, where the spec does not set it."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

__all__ = ["centred_rows", "compact_rows"]


def compact_rows(units: int, longest_row: int = 10) -> int:
    """Rows that keep an array compact: one for up to `longest_row` units, then rows of about three times their
    number."""
    return 1 if units <= longest_row else max(2, round(sqrt(units / 3)))


def centred_rows(rows: int, counts: Mapping[str, int]) -> int:
    """`rows`, or one more: only an odd number of rows has a middle for an odd count of units."""
    return rows + 1 if rows % 2 == 0 and any(count % 2 for count in counts.values()) else rows
