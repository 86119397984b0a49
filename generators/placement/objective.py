"""The objective that a pattern minimises, in integers, so that every machine finds the same pattern.

With ``e_i`` the vector that has ``1 / n_i`` at the units of owner i, less ``1 / N`` at all N units, the error of that
owner under a field f is ``e_i . f``, and its variance is ``V_i = e_i' K e_i`` where K is the covariance of the field.
The field here is the sum of three that do not depend on each other:

* correlated: ``exp(-d / L)``, L the diagonal of the grid, so that no distance within the array is preferred;
* second order, equal in size to the first at the mean radius: ``(u . v)^2 / <r^2>^2``, which holds x^2, x y and y^2 and
  prefers no direction; the first order is zero anyway;
* the row's ends: ``psi(u) psi(v)`` with ``psi = 1 / (1 + a) + 1 / (1 + b)``, a and b the units between this one and the
  ends of its row. Stress and other layout-dependent effects go like that; it has `_ENDS` of the others' variance.

The objective is ``sum of V_i / V_blind + WIRING * sum of t_r^2 / (the same if every owner is in all rows it can be)``.
``V_blind`` is what the sum of V_i is if the units are dealt blindly; t_r is the number of drain tracks in row r. The
square makes the rows' heights equal, as the highest row sets that of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["DUMMY", "WIRING", "Ints", "Problem"]

Ints = NDArray[np.int64]

DUMMY = -1
"""Owner's number of a dummy."""
WIRING = 0.1
"""Weight of the drain tracks beside the mismatch."""
_ENDS = 0.05
_KERNEL_BITS = 18
_WEIGHT_BITS = 36


@dataclass(frozen=True, eq=False)
class Problem:
    """Cells with a unit, row by row from the bottom left, and the numbers that value an assignment of them to owners.

    ``cells``: index in the grid; ``x``, ``y``: doubled coordinates about the centre; ``row``; ``ends``: psi; each of
    shape (n,). ``a``, ``b``: weights of the quadratic and of the linear part of V, shape (k,). ``near``: the correlated
    part of the field by distance in columns and rows, shape (columns, rows). ``moment``: squares of the pitches, scaled
    to integers; ``norm``: ``<r^2>^2`` in that scale. ``wire``: what 1 of ``sum of t_r^2`` costs.
    """

    rows: int
    cells: Ints
    x: Ints
    y: Ints
    row: Ints
    ends: Ints
    a: Ints
    b: Ints
    near: Ints
    moment: tuple[int, int]
    norm: float
    wire: int = 0

    @classmethod
    def of(cls, owner: Ints, rows: int, columns: int, pitch: tuple[float, float], counts: Sequence[int]) -> Problem:
        """The problem of dealing the cells that `owner`, shape (rows * columns,), does not give to dummies."""
        cells = np.flatnonzero(owner != DUMMY)
        n = len(cells)
        column, row = cells % columns, cells // columns
        x, y = 2 * column - (columns - 1), 2 * row - (rows - 1)
        step = (pitch[0] / max(pitch), pitch[1] / max(pitch))
        dx, dy = np.arange(columns) * step[0], np.arange(rows) * step[1]
        distance = np.sqrt(dx[:, None] ** 2 + dy[None, :] ** 2)
        length = float(np.sqrt((columns * step[0]) ** 2 + (rows * step[1]) ** 2))
        near = np.rint(np.exp(-distance / length) * 2**_KERNEL_BITS).astype(np.int64)
        # Squares of the pitches in 1/4096 of the larger one's: sums of products of coordinates stay exact integers.
        moment = (max(1, round(step[0] ** 2 * 2**12)), max(1, round(step[1] ** 2 * 2**12)))
        radius = int((x**2 * moment[0] + y**2 * moment[1]).sum()) / n
        unity = 1 << _WEIGHT_BITS
        problem = cls(
            rows=rows,
            cells=cells,
            x=x,
            y=y,
            row=row,
            ends=_row_ends(row, column),
            a=np.array([round(unity / c**2) for c in counts], dtype=np.int64),
            b=np.array([round(2 * unity / (c * n)) for c in counts], dtype=np.int64),
            near=near,
            moment=moment,
            norm=max(radius, 1.0) ** 2,
        )
        return replace(problem, wire=problem._wire(counts)) if rows > 1 and n > 1 else problem

    def kernel(self, of: Ints, to: Ints) -> Ints:
        """K between cells given by their index among the cells with a unit, shape (len(of), len(to))."""
        column = np.abs(self.x[of][:, None] - self.x[to][None, :]) // 2
        row = np.abs(self.y[of][:, None] - self.y[to][None, :]) // 2
        total: Ints = self.near[column, row]
        dot = (self.x[of] * self.moment[0])[:, None] * self.x[to][None, :]
        dot += (self.y[of] * self.moment[1])[:, None] * self.y[to][None, :]
        total += np.rint(dot.astype(np.float64) ** 2 * (2**_KERNEL_BITS / self.norm)).astype(np.int64)
        total += self.ends[of][:, None] * self.ends[to][None, :]
        return total

    def fields(self, groups: Sequence[Ints]) -> Ints:
        """Sum of K over the cells of each group, at every cell, shape (len(groups), n)."""
        cells = np.arange(len(self.cells))
        sums = np.zeros((len(groups), len(cells)), dtype=np.int64)
        for index, group in enumerate(groups):
            for low in range(0, len(group), 256):
                sums[index] += self.kernel(group[low : low + 256], cells).sum(axis=0)
        return sums

    def total_field(self) -> Ints:
        """Sum of K over all cells, at every cell, shape (n,); the same as `fields` but for rounding, and faster."""
        columns, rows = self.near.shape
        # Over the full grid by prefix sums, along a row and then over the rows; less the dummies.
        ahead = np.cumsum(self.near, axis=0)
        line = ahead + ahead[::-1] - self.near[0]
        level = np.arange(rows)
        grid = np.stack([line[:, np.abs(level - y)].sum(axis=1) for y in range(rows)], axis=1)
        column, row = (self.x + columns - 1) // 2, self.row
        total: Ints = grid[column, row]
        dummy = np.ones((columns, rows), dtype=bool)
        dummy[column, row] = False
        for x, y in np.argwhere(dummy):
            total -= self.near[np.abs(column - x), np.abs(row - y)]
        xx, xy, yy = (int((p * q).sum()) for p, q in ((self.x, self.x), (self.x, self.y), (self.y, self.y)))
        p, q = self.moment
        second = self.x**2 * (p * p * xx) + self.x * self.y * (2 * p * q * xy) + self.y**2 * (q * q * yy)
        total += np.rint(second.astype(np.float64) * (2**_KERNEL_BITS / self.norm)).astype(np.int64)
        total += self.ends * int(self.ends.sum())
        return total

    def tracks(self, owner: Ints) -> Ints:
        """Units of each owner in each row, shape (k, rows), for owners of the cells with a unit."""
        table = np.zeros((len(self.a), self.rows), dtype=np.int64)
        np.add.at(table, (owner, self.row), 1)
        return table

    def value(self, owner: Ints, total_field: Ints) -> int:
        """The objective times a constant; small is good."""
        own = self.fields([np.flatnonzero(owner == i) for i in range(len(self.a))])[owner, np.arange(len(owner))]
        total = (len(self.a) * int(total_field.sum()) << _WEIGHT_BITS) // len(owner) ** 2
        for index, (a, b) in enumerate(zip(self.a, self.b, strict=True)):
            mine = owner == index
            total += int(own[mine].sum()) * int(a) - int(total_field[mine].sum()) * int(b)
        wires = int((np.count_nonzero(self.tracks(owner), axis=0) ** 2).sum())
        return total + self.wire * wires

    def _wire(self, counts: Sequence[int]) -> int:
        """`wire`, from the value that blind dealing would have."""
        n = len(self.cells)
        dot = self.x**2 * self.moment[0] + self.y**2 * self.moment[1]
        same = int(self.near[0, 0]) + (dot.astype(np.float64) ** 2).mean() * 2**_KERNEL_BITS / self.norm
        same += float((self.ends**2).mean())
        others = (int(self.total_field().sum()) / n - same) / (n - 1)
        blind = (same - others) * sum(1 / c - 1 / n for c in counts) * 2.0**_WEIGHT_BITS
        full = sum(min(c, self.rows) for c in counts)
        return round(float(WIRING * blind * self.rows / full**2))


def _row_ends(row: Ints, column: Ints) -> Ints:
    """psi of each cell, scaled so that a product of two has the kernel's scale and weight `_ENDS`."""
    first = np.full(int(row.max()) + 1, column.max())
    last = np.zeros_like(first)
    np.minimum.at(first, row, column)
    np.maximum.at(last, row, column)
    psi = 1 / (1 + column - first[row]) + 1 / (1 + last[row] - column)
    # In steps, so that the order of summation does not matter.
    steps = np.rint(psi * 2**20).astype(np.int64)
    mean = int(steps.sum()) / len(steps)
    spread = (int((steps**2).sum()) / len(steps) - mean**2) ** 0.5 / 2**20
    scaled: Ints = np.rint(psi * ((_ENDS * 2**_KERNEL_BITS) ** 0.5 / max(spread, 0.1))).astype(np.int64)
    return scaled
