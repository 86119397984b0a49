r"""Figures of how well the units of an array match, for any pattern, drawn or not.

Most functions take *places*: owner to the coordinates of its units, shape (n, 2), in any unit of length, without the
dummies. `Pattern.places` makes them from a pattern; a reader of layouts has them from the polygons. Tracks and
neighbours exist in a pattern only, so `neighbourhoods` and `wiring` take a pattern.

Everything is linear in the parameter that varies. A device's parameter is the mean over its units, so its error is the
difference between that mean and the mean over all units of the array.

Sources: M. J. M. Pelgrom, A. C. J. Duinmaijer, A. P. G. Welbers, Matching properties of MOS transistors, IEEE J.
Solid-State Circuits 24(5), 1989 (parts of mismatch that go with area and with distance); C.-C. Huang, C.-L. Wey,
J.-E. Chen, P.-W. Luo, Optimal common-centroid-based unit capacitor placements for yield enhancement of
switched-capacitor circuits, ACM TODAES 19(1), 2013 (units whose correlation falls with their distance, and the variance
of a ratio that follows); A. K. Sharma et al., Common-centroid layouts for analog circuits: advantages and limitations,
DATE 2021 (systematic and correlated variation beside routing).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import hypot, isfinite

import numpy as np
from mirrorneuron.generators.placement.pattern import Pattern, Places, check_pitch
from mirrorneuron.pdk_sky130.errors import SpecError
from numpy.typing import NDArray

__all__ = [
    "CorrelatedMismatch",
    "GradientResidual",
    "Neighbourhood",
    "PatternSummary",
    "Wiring",
    "centroid_offset",
    "correlated_mismatch",
    "dispersion",
    "gradient_residual",
    "largest_offset",
    "neighbourhoods",
    "summary",
    "wiring",
]

_CHUNK = 1 << 20
"""Distances held in memory at once."""


@dataclass(frozen=True)
class GradientResidual:
    """Error of an owner [%] per unit gradient: 1 % per length (x, y), 1 % per length squared (xx, xy, yy)."""

    x: float
    y: float
    xx: float
    xy: float
    yy: float

    @property
    def first_order(self) -> float:
        """Error for a gradient of 1 % per length in its worst direction [%]."""
        return hypot(self.x, self.y)

    @property
    def second_order(self) -> float:
        """Largest of the three second-order errors, without sign [%]."""
        return max(abs(self.xx), abs(self.xy), abs(self.yy))


@dataclass(frozen=True, eq=False)
class CorrelatedMismatch:
    """One-sigma mismatch under a correlated random field [%].

    ``owner[i]``: between the mean of ``owners[i]`` and the mean of all units, shape (k,).
    ``between[i, j]``: between the means of ``owners[i]`` and ``owners[j]``, shape (k, k).
    """

    owners: tuple[str, ...]
    owner: NDArray[np.float64]
    between: NDArray[np.float64]


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbours of an owner's units beside, above and below them, as fractions that add up to 1.

    ``outside``: the pattern ends there. ``row_ends``: units with a dummy or nothing to their left or right.
    """

    own: float
    other: float
    dummy: float
    outside: float
    row_ends: int


@dataclass(frozen=True)
class Wiring:
    """Drain wires of a pattern: horizontal tracks in each row, bottom row first, and their length in all [length]."""

    tracks: tuple[int, ...]
    length: float


@dataclass(frozen=True)
class PatternSummary:
    """The figures of a pattern in one place; of several owners the worst, if nothing else is said.

    Lengths are in the unit of the pitch. ``second_order`` [%] is for 1 % per length squared; ``mismatch`` (owner to
    all) and ``mismatch_between`` (two owners) [%] are for a field of 1 % with the ``correlation_length``;
    ``dispersion_min`` and ``dispersion_max`` over the owners; ``own_min`` and ``own_max``: fraction of neighbours that
    belong to the same owner, over the owners; ``tracks``: in the row that has most.
    """

    units: int
    rows: int
    columns: int
    dummies: int
    offset: float
    second_order: float
    dispersion_min: float
    dispersion_max: float
    correlation_length: float
    mismatch: float
    mismatch_between: float
    own_min: float
    own_max: float
    row_ends: int
    tracks: int
    wire_length: float

    def as_json(self) -> dict[str, int | float]:
        """The fields, as JSON can hold them."""
        return asdict(self)


def centroid_offset(places: Places) -> dict[str, tuple[float, float]]:
    """From the mean place of all units to the mean place of each owner's units, (x, y) [length].

    Raises
    ------
    SpecError
        No owner, an owner without units, or places that are not finite numbers of shape (n, 2).
    """
    return {name: (r.x, r.y) for name, r in gradient_residual(places).items()}


def largest_offset(places: Places) -> float:
    """Length of the longest of the vectors of `centroid_offset` [length]; errors as there."""
    return max(hypot(*offset) for offset in centroid_offset(places).values())


def gradient_residual(places: Places) -> dict[str, GradientResidual]:
    """Error of each owner under gradients of the first and second order [%].

    ``<f>_i - <f>`` for f = x, y (1 % per length), x^2, x y and y^2 (1 % per length squared): the mean over the units of
    owner i less the mean over all units, with coordinates from the mean place of all units. This is how a parameter
    changes over the array, expanded to the second order; a common centroid cancels the first (Sharma et al. 2021), the
    second is what remains.

    Returns
    -------
    dict
        Owner to its five errors [%].

    Raises
    ------
    SpecError
        No owner, an owner without units, or places that are not finite numbers of shape (n, 2).
    """
    xy, starts = _stacked(places)
    terms = np.stack([xy[:, 0], xy[:, 1], xy[:, 0] ** 2, xy[:, 0] * xy[:, 1], xy[:, 1] ** 2])
    mean = terms.mean(axis=1)
    return {
        name: GradientResidual(*(float(v) for v in terms[:, low:high].mean(axis=1) - mean))
        for name, (low, high) in zip(places, pairwise(starts), strict=True)
    }


def dispersion(places: Places) -> dict[str, float]:
    """Spread of each owner's units: 1 is that of all units, 0 is one point.

    Root of the mean squared distance of an owner's units from their own centroid, over the same of all units. An owner
    with one unit has 0, as has everybody where all units are at one place. With common centroids its square is
    ``(<r^2>_i) / <r^2>``: 1 for every owner means no error under x^2 + y^2. The overall correlation coefficient of the
    capacitor papers (Huang et al. 2013, after Luo et al.) also grows as units of different owners mingle, but with
    the mean of a correlation over pairs of units; that kind of figure is `correlated_mismatch` here.

    Raises
    ------
    SpecError
        No owner, an owner without units, or places that are not finite numbers of shape (n, 2).
    """
    xy, starts = _stacked(places)
    whole = float(np.sqrt((xy**2).sum(axis=1).mean()))
    spread = {}
    for name, (low, high) in zip(places, pairwise(starts), strict=True):
        own = xy[low:high] - xy[low:high].mean(axis=0)
        spread[name] = float(np.sqrt((own**2).sum(axis=1).mean())) / whole if whole > 0 else 0.0
    return spread


def correlated_mismatch(places: Places, correlation_length: float) -> CorrelatedMismatch:
    r"""Mismatch to expect from a random field that is alike at near places [%], one sigma.

    Each unit varies by 1 % (one sigma), two units at a distance d with the correlation ``rho(d) = exp(-d / L)``
    (L: `correlation_length`; the capacitor papers write ``rho_u ** d``, so that L = -1 / ln(rho_u)). With
    ``S_ij = sum of rho(|u - v|) over u of i, v of j`` and n_i units each, the variance of the difference of two means
    is ``S_ii / n_i^2 + S_jj / n_j^2 - 2 S_ij / (n_i n_j)``; for the difference to all units j is everybody. This is the
    variance of a sum of correlated variables, as Huang et al. 2013 use it for ratios. Mismatch without correlation
    (Pelgrom's part that goes with 1 / area) does not depend on places and is not in it, other than through the 1 of a
    unit with itself.

    Time and the square of the number of units go together: 4096 units take a fraction of a second.

    Raises
    ------
    SpecError
        A correlation length that is not a number above 0; no owner, an owner without units, or places that are not
        finite numbers of shape (n, 2).
    """
    if not (isfinite(correlation_length) and correlation_length > 0):
        raise SpecError(f"correlation length is {correlation_length!r}: a length above 0, in the unit of the places")
    xy, starts = _stacked(places)
    units, first = len(xy), np.array(starts[:-1])
    own = np.empty((units, len(first)))
    step = max(1, _CHUNK // units)
    for low in range(0, units, step):
        part = xy[low : low + step]
        distance = np.hypot(part[:, :1] - xy[:, 0], part[:, 1:] - xy[:, 1])
        own[low : low + step] = np.add.reduceat(np.exp(-distance / correlation_length), first, axis=1)
    sums = np.add.reduceat(own, first, axis=0)
    counts = np.diff(starts).astype(np.float64)
    mean = sums / np.outer(counts, counts)
    to_all = sums.sum(axis=1) / (counts * units)
    alone = np.diagonal(mean)
    # A difference of nearly equal numbers: rounding may leave it a little below 0.
    owner = np.sqrt(np.maximum(0.0, alone - 2 * to_all + sums.sum() / units**2))
    between = np.sqrt(np.maximum(0.0, alone[:, None] + alone[None, :] - 2 * mean))
    return CorrelatedMismatch(tuple(places), owner, between)


def neighbourhoods(pattern: Pattern) -> dict[str, Neighbourhood]:
    """The neighbours left, right, above and below of each owner's units.

    Units whose surroundings differ are stressed and etched differently (the layout-dependent effects): owners match
    where these figures agree.

    Raises
    ------
    SpecError
        The pattern holds no unit.
    """
    _needs_units(pattern)
    met = {name: {"own": 0, "other": 0, "dummy": 0, "outside": 0, "row_ends": 0} for name in pattern.owners}
    height, width = len(pattern.rows), pattern.columns

    def kind(name: str, x: int, y: int) -> str:
        if not (0 <= x < width and 0 <= y < height):
            return "outside"
        there = pattern.rows[y][x]
        return "dummy" if there is None else "own" if there == name else "other"

    for y, row in enumerate(pattern.rows):
        for x, name in enumerate(row):
            if name is None:
                continue
            sides = [kind(name, x - 1, y), kind(name, x + 1, y)]
            for each in (*sides, kind(name, x, y - 1), kind(name, x, y + 1)):
                met[name][each] += 1
            met[name]["row_ends"] += any(side in ("dummy", "outside") for side in sides)

    def fractions(name: str) -> Neighbourhood:
        counts, sides = met[name], 4 * pattern.count(name)
        own, other, dummy, outside = (counts[kind] / sides for kind in ("own", "other", "dummy", "outside"))
        return Neighbourhood(own, other, dummy, outside, counts["row_ends"])

    return {name: fractions(name) for name in met}


def wiring(pattern: Pattern, pitch: tuple[float, float] = (1.0, 1.0)) -> Wiring:
    """Drain wires in the fabric of rows: a track for each owner in each row where it has a unit.

    A track reaches from the pattern's left edge, where the trunk is that joins an owner's rows, to the middle of its
    last unit in the row. The row with most tracks sets the height of them all.

    Parameters
    ----------
    pitch
        From column to column and from row to row [length].

    Raises
    ------
    SpecError
        The pattern holds no unit, or a pitch is not a number above 0.
    """
    _needs_units(pattern)
    step, _ = check_pitch(pitch)
    last = [{name: x for x, name in enumerate(row) if name is not None} for row in pattern.rows]
    halves = sum(2 * x + 1 for row in last for x in row.values())
    return Wiring(tuple(len(row) for row in last), halves * step / 2)


def summary(
    pattern: Pattern, pitch: tuple[float, float] = (1.0, 1.0), correlation_length: float | None = None
) -> PatternSummary:
    """All figures of a pattern.

    Parameters
    ----------
    pitch
        From column to column and from row to row [length].
    correlation_length
        Of the random field [length]; without it, the diagonal of the pattern.

    Raises
    ------
    SpecError
        The pattern holds no unit, or a length is not a number above 0.
    """
    _needs_units(pattern)
    places = pattern.places(pitch)
    if correlation_length is None:
        correlation_length = hypot(pattern.columns * pitch[0], len(pattern.rows) * pitch[1])
    mismatch = correlated_mismatch(places, correlation_length)
    spread = dispersion(places)
    around = neighbourhoods(pattern)
    wires = wiring(pattern, pitch)
    return PatternSummary(
        units=sum(len(cells) for cells in places.values()),
        rows=len(pattern.rows),
        columns=pattern.columns,
        dummies=pattern.dummies,
        offset=largest_offset(places),
        second_order=max(r.second_order for r in gradient_residual(places).values()),
        dispersion_min=min(spread.values()),
        dispersion_max=max(spread.values()),
        correlation_length=correlation_length,
        mismatch=float(mismatch.owner.max()),
        mismatch_between=float(mismatch.between.max()),
        own_min=min(n.own for n in around.values()),
        own_max=max(n.own for n in around.values()),
        row_ends=sum(n.row_ends for n in around.values()),
        tracks=max(wires.tracks),
        wire_length=wires.length,
    )


def _needs_units(pattern: Pattern) -> None:
    if not pattern.owners:
        raise SpecError("the pattern holds no unit: at least one is needed for figures")


def _stacked(places: Places) -> tuple[NDArray[np.float64], list[int]]:
    """Coordinates of all units from their mean, shape (n, 2), owner after owner, and the bounds of each owner in it."""
    if not places:
        raise SpecError("no owner has a place: at least one is needed")
    for name, cells in places.items():
        if cells.ndim != 2 or cells.shape[0] < 1 or cells.shape[1] != 2 or not np.isfinite(cells).all():
            raise SpecError(
                f"places of {name} have the shape {cells.shape}: finite numbers (x, y) of at least one unit"
            )
    xy = np.concatenate([np.asarray(cells, dtype=np.float64) for cells in places.values()])
    starts = [0]
    for cells in places.values():
        starts.append(starts[-1] + len(cells))
    return xy - xy.mean(axis=0), starts
