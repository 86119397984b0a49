"""Devices and their surroundings, read from polygons."""
