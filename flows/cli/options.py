"""Arguments and options of the commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

__all__ = [
    "CORES",
    "OUT",
    "Cell",
    "Centroid",
    "CharacterizedNetlist",
    "Corners",
    "Deck",
    "ExtractedNetlist",
    "Gds",
    "Group",
    "Hierarchy",
    "Ignore",
    "Jobs",
    "Libraries",
    "Method",
    "Mismatch",
    "Netlist",
    "OtherMagic",
    "Out",
    "PinOrder",
    "Process",
    "Profile",
    "Resistance",
    "Scheduler",
    "SchematicOnly",
    "Seed",
    "Set",
    "Spec",
    "Specs",
    "Supplies",
    "Targets",
    "Temperatures",
    "Tolerance",
    "Top",
    "Waivers",
    "WantedNetlist",
]

OUT: Final = Path("gds_out")
CORES: Final = os.cpu_count() or 1

# Cells
Cell = Annotated[str, typer.Argument(metavar="CELL", help="A cell's name; `mirrorneuron list` shows them.")]
Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A YAML file, or a cell's name for its defaults.")]
Specs = Annotated[
    list[str] | None, typer.Argument(metavar="[SPEC]...", help="YAML files or names of mirrors; default: all mirrors.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the spec: weights=[1,2,-3].")
]

# Layouts and netlists
Gds = Annotated[Path, typer.Argument(metavar="GDS", help="A layout of any origin.")]
Netlist = Annotated[Path, typer.Argument(metavar="SPICE", help="The netlist that the layout must match.")]
Top = Annotated[str | None, typer.Option("--top", metavar="CELL", help="Top cell; needed if the GDS has several.")]
Libraries = Annotated[
    list[Path] | None,
    typer.Option("--library", metavar="SPICE", help="A netlist with subcircuits that the netlist calls; repeatable."),
]
Tolerance = Annotated[
    str,
    typer.Option(
        "--tolerance",
        metavar="NAME",
        help="exact, or official: sizes may differ as much as the official netgen set-up allows; each is listed.",
    ),
]
PinOrder = Annotated[
    Path | None,
    typer.Option("--schematic", metavar="SPICE", help="Netlist whose pin order the extracted netlist adopts."),
]
ExtractedNetlist = Annotated[
    Path | None, typer.Option("--netlist", metavar="FILE", help="Extracted netlist, judged beside the schematic.")
]
WantedNetlist = Annotated[
    Path | None,
    typer.Option("--netlist", metavar="SPICE", help="Netlist whose units, W, L and ratios must be drawn."),
]
CharacterizedNetlist = Annotated[
    Path | None, typer.Option("--netlist", metavar="FILE", help="Netlist to characterize in the schematic's place.")
]

# Checks
Deck = Annotated[str, typer.Option("--deck", metavar="NAME", help="ours, official, magic or all.")]
Profile = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="Whose checks: full, tinytapeout or chipfoundry.")
]
Waivers = Annotated[
    Path | None, typer.Option("--waivers", metavar="FILE", help="YAML file of violations that are accepted, and why.")
]
Hierarchy = Annotated[
    str,
    typer.Option(
        "--hierarchy", metavar="NAME", help="LVS with the hierarchy kept (third opinion): judged, reported or off."
    ),
]
Centroid = Annotated[
    float | None,
    typer.Option("--centroid", metavar="UM", help="Largest distance of centroids; default: what the counts force."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="CHECK[:GATE]",
        help="A check whose errors do not count, everywhere or on one gate; repeatable.",
    ),
]
Group = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="GATE", help="Judge the groups on this gate and no others; repeatable."),
]
Targets = Annotated[
    Path | None,
    typer.Option("--targets", metavar="FILE", help="Targets to judge by; default: SPEC's .targets.yaml beside it."),
]

# Extraction
Resistance = Annotated[bool, typer.Option("--resistance", help="Extract wires and contacts as resistors, too.")]
OtherMagic = Annotated[
    Path | None,
    typer.Option("--compare", metavar="MAGIC", help="Another Magic whose capacitances are compared with these."),
]

# Simulation
SchematicOnly = Annotated[bool, typer.Option("--schematic", help="Compare schematics: quicker, without wires.")]
Corners = Annotated[str, typer.Option("--corners", metavar="LIST", help="Corners, separated by commas.")]
Temperatures = Annotated[str, typer.Option("--temperatures", metavar="LIST", help="Temperatures [C].")]
Supplies = Annotated[str | None, typer.Option("--supplies", metavar="LIST", help="Voltages of the pin vdd [V].")]
Mismatch = Annotated[int, typer.Option("--mismatch", metavar="N", min=0, help="Number of samples with mismatch.")]
Process = Annotated[bool, typer.Option("--process", help="Vary the process too, from sample to sample.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="The same seed gives the same samples.")]
Method = Annotated[str, typer.Option("--method", metavar="NAME", help="random, lhs or sobol.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster, tcp://host:port, to run on.")
]

# Runs
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="How many processes to use.")]
