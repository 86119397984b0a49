"""The spec of a matched array: its ratios, its unit transistor, and the placement of the units."""

from __future__ import annotations

from typing import Annotated

from mirrorneuron.generators.spec import (
    FITS,
    NAME_TEXT,
    CellSpec,
    Micrometres,
    Name,
    OneOf,
    SiQuantity,
    UnitSizes,
    Whole,
    WholeList,
    kind_of_cell,
)
from pydantic import Field

__all__ = ["MatchedArraySpec"]


class MatchedArraySpec(CellSpec, UnitSizes, init=False):
    """A matched array: unit transistors with one gate and one source, divided among drains in integer ratios."""

    cell: Annotated[str, kind_of_cell("matched_array")] = Field("matched_array", description="Kind of cell")
    name: Name = Field("matched_array", description=NAME_TEXT)
    ratios: Annotated[
        tuple[int, ...],
        WholeList(
            low=1,
            high=4096,
            shortest=2,
            longest=64,
            unit="units",
            rule="a ratio is a count of equal unit transistors",
            remedy="scale and round to whole units; at most 4096 in all",
        ),
    ] = Field((1, 2, 4, 8), description="Units on each drain d0, d1, ...; no ratio is reduced")
    device: Annotated[
        str,
        OneOf(
            words=("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_lvt", "pfet_01v8_hvt"),
            rule="the 1.8 V transistors of the process",
            remedy="choose one of them",
        ),
    ] = Field("nfet_01v8", description="Kind of transistor")
    w: Annotated[
        float,
        Micrometres(low=0.42, high=3200, grid=0.005, rule="0.42 to 100 um a finger, difftap.2, x.1a", remedy=FITS),
    ] = Field(2.0, description="Width of a unit, all its fingers together")
    l: Annotated[  # noqa: E741 - the name every designer knows
        float,
        Micrometres(low=0.15, high=20, grid=0.005, rule="poly.1a (poly.1b) and the models' range", remedy=FITS),
    ] = Field(1.0, description="Length of a unit; at least 0.35 um for pfet_01v8_lvt")
    fingers: Annotated[
        int,
        Whole(low=1, high=32, rule="gates of a unit", remedy="two share diffusion and face both ways: they match best"),
    ] = Field(2, description="Fingers of a unit; an odd number keeps units apart")
    pattern: Annotated[
        str,
        OneOf(
            words=("common_centroid", "interdigitated", "abba", "block"),
            rule="the placement styles",
            remedy="common_centroid matches best",
        ),
    ] = Field("common_centroid", description="How the units lie")
    rows: Annotated[
        int | None,
        Whole(
            low=1,
            high=4096,
            optional=True,
            rule="rows of units, dummy rows not counted",
            remedy="leave it out for an array of the wanted aspect",
        ),
    ] = Field(None, description="Rows of units; an odd ratio has its centroid at the centre only in an odd number")
    max_rows: Annotated[
        int | None,
        Whole(low=1, high=4096, optional=True, rule="a limit for the rows", remedy="leave it out if there is none"),
    ] = Field(None, description="At most so many rows of units")
    aspect: Annotated[
        float,
        SiQuantity(low=0.01, high=100, unit="", rule="width over height", remedy="1 is a square"),
    ] = Field(1.0, description="Wanted width over height, where rows is left out")
    dummy_columns: Annotated[
        int,
        Whole(low=0, high=8, rule="dummy units at each end of a row", remedy="one gives every unit two neighbours"),
    ] = Field(1, description="Dummy units at each end of the rows; without them the matching check fails")
    dummy_rows: Annotated[
        int,
        Whole(low=0, high=8, rule="dummy rows below and above", remedy="one gives every row two neighbours"),
    ] = Field(1, description="Dummy rows below and above")
    bulk: Annotated[
        str,
        OneOf(words=("source", "own"), rule="what the guard ring is on", remedy="choose one of the two"),
    ] = Field("source", description="Net of the bulk: the source, or pin b of its own")
    series_resistance: Annotated[
        float | None,
        SiQuantity(
            low=1,
            high=10e3,
            unit="ohm",
            optional=True,
            rule="difference of source wiring resistance between any two units",
            remedy="rails and trunk are widened for it; fewer columns (rows, aspect) need less",
        ),
    ] = Field(
        None,
        description="Largest difference in the source's wiring resistance between two units; by default 20 ohm, or "
        "what the widest wires reach",
    )

    @property
    def drains(self) -> tuple[str, ...]:
        """The drains' names, in the order of the ratios."""
        return tuple(f"d{i}" for i in range(len(self.ratios)))
