"""A course through operating points: an order, and intermediate steps, such that each point starts near the last.

Newton's method finds the operating point of a circuit with high-gain loops from a neighbouring point in a few
iterations, from afar in hundreds or not at all. So the points are visited as a tour of near neighbours, with
intermediate steps where two are far apart. Currents are compared by their asinh: from nanoamperes to microamperes the
ratio counts. The coordinate of the tour is the voltage of the node ``sel``, a whole number at each point and each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from mirrorneuron.flows.simulate.analyses import Points
from mirrorneuron.flows.simulate.number import decimal
from mirrorneuron.flows.simulate.sources import CurrentInput, Source, Voltage, own_value
from numpy.typing import NDArray

__all__ = ["Course"]

Floats: TypeAlias = NDArray[np.float64]

# Below this part of the largest current of a source the scale is linear.
_SMALL: Final = 0.001
# Longest step, relative to the whole range of the source that moves most.
_STEP: Final = 0.1


class Course:
    """The tour through the points of several analyses, which are numbered from first to last.

    Parameters
    ----------
    analyses
        The points to visit.
    sources
        All sources of the bench; a source that an analysis does not name has its own constant value there.
    """

    def __init__(self, analyses: Sequence[Points], sources: Sequence[Source]) -> None:
        """Find the order and the steps."""
        count = sum(len(points) for points in analyses)
        self.sources = sources
        self.values: dict[str, Floats] = {}
        for source in sources:
            own = own_value(source)
            parts = [points.values.get(source.pin, np.full(len(points), own)) for points in analyses]
            self.values[source.pin] = np.concatenate(parts)
        self._scales: dict[str, float] = {}
        self._scaled: dict[str, Floats] = {}
        for source in sources:
            values = self.values[source.pin]
            if np.ptp(values) > 0:
                scale = _SMALL * float(np.abs(values).max()) if isinstance(source, CurrentInput) else 0.0
                self._scales[source.pin] = scale
                self._scaled[source.pin] = np.arcsinh(values / scale) if scale else values
        # Columns of the moving sources, each from 0 to 1; a constant column if none moves.
        span = [(scaled - scaled.min()) / np.ptp(scaled) for scaled in self._scaled.values()]
        space = np.column_stack(span) if span else np.zeros((count, 1))
        self._order = _tour(space)
        lengths = np.abs(np.diff(space[self._order], axis=0)).max(axis=1)
        steps = np.maximum(1, np.ceil(lengths / _STEP - 1e-9)).astype(int)
        self._positions = np.empty(count, dtype=int)
        self._positions[self._order] = 1 + np.concatenate([[0], np.cumsum(steps)])

    def __len__(self) -> int:
        """The number of points."""
        return len(self._positions)

    @property
    def last(self) -> int:
        """The last position of the tour, which begins at 1."""
        return int(self._positions.max())

    def position(self, point: int) -> int:
        """The position of a point on the tour."""
        return int(self._positions[point])

    def at(self, point: int) -> dict[str, float]:
        """The sources' values at a point, by pin."""
        return {pin: float(values[point]) for pin, values in self.values.items()}

    def matches(self, tags: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows that are points, and those points; `tags` is the voltage of ``sel`` in each row."""
        where = {int(position): point for point, position in enumerate(self._positions)}
        whole = np.rint(tags)
        pairs = [
            (row, where[int(tag)]) for row, tag in enumerate(whole) if abs(tag - tags[row]) < 1e-6 and int(tag) in where
        ]
        rows, points = zip(*pairs, strict=True) if pairs else ((), ())
        return np.asarray(rows, dtype=np.intp), np.asarray(points, dtype=np.intp)

    def rails(self, margin: float) -> tuple[Floats, Floats]:
        """The lowest and the highest voltage applied at each point, ground included, `margin` [V] further out."""
        applied = np.vstack([self.values[s.pin] for s in self.sources if isinstance(s, Voltage)])
        return np.minimum(applied.min(axis=0), 0.0) - margin, np.maximum(applied.max(axis=0), 0.0) + margin

    def moving(self) -> Mapping[str, str]:
        """For each source that moves, its value as an ngspice expression of ``v(sel)``."""
        expressions: dict[str, str] = {}
        for pin, scaled in self._scaled.items():
            pairs = [f"{self._positions[k]},{decimal(scaled[k])}" for k in self._order]
            table = f"pwl(v(sel),{','.join(pairs)})"
            scale = self._scales[pin]
            expressions[pin] = f"{decimal(scale)}*sinh({table})" if scale else table
        return expressions


def _tour(space: Floats) -> NDArray[np.intp]:
    """An order in which each point is the nearest of those left; it begins in the middle."""
    left = np.arange(len(space))
    at = int(np.argmin(np.abs(space - np.median(space, axis=0)).max(axis=1)))
    order = [at]
    left = np.delete(left, at)
    while len(left):
        nearest = int(np.argmin(np.abs(space[left] - space[order[-1]]).max(axis=1)))
        order.append(int(left[nearest]))
        left = np.delete(left, nearest)
    return np.asarray(order, dtype=np.intp)
