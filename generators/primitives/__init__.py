"""Drawn pieces of every cell: contacts, vias, guard rings, arrays of units, resistors, capacitors, npn, and spines."""
