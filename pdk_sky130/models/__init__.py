"""Device models of the PDK: the trimmed library, what varies in silicon, hand models, headroom."""

from mirrorneuron.pdk_sky130.models.device import Instance
from mirrorneuron.pdk_sky130.models.index import ProcessStatistic
from mirrorneuron.pdk_sky130.models.library import CORNERS, Library, library

__all__ = ["CORNERS", "Instance", "Library", "ProcessStatistic", "library"]
