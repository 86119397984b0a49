"""Numbers as text for a deck."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeAlias

import numpy as np
from mirrorneuron.pdk_sky130.errors import SpecError

__all__ = ["Number", "decimal"]

Number: TypeAlias = float | np.floating | np.integer | np.ndarray
"""A real number: of Python, of NumPy, or an array without dimensions."""


def decimal(value: Number) -> str:
    """A real number as decimal text that a deck takes, exact to the last digit (``1.8``, ``1e-06``).

    Raises
    ------
    SpecError
        The value is not finite, or is no real number.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
        raise SpecError(f"{value!r} is no real number; a deck takes finite real numbers only")
    number = float(value)
    if not math.isfinite(number):
        raise SpecError(f"{number} is not finite; a deck takes finite real numbers only")
    return repr(number)
