"""Devices and their surroundings, read from the polygons of a layout."""

from mirrorneuron.flows.matching.read.extraction import Extraction, extract

__all__ = ["Extraction", "extract"]
