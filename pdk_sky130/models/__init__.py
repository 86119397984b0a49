"""The PDK's device models: the library, trimmed; variation; hand formulas."""

from mirrorneuron.pdk_sky130.models.library import CORNERS, Instance, Library, Spread, library

__all__ = ["CORNERS", "Instance", "Library", "Spread", "library"]
