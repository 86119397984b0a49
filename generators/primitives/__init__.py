"""What cells are drawn from: contacts, vias, guard rings, arrays of units, resistors, capacitors, npn, and spines."""
