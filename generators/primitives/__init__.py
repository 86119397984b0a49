"""Pieces that every cell is drawn from: contacts, via stacks, rings, the unit-transistor fabric, capacitors."""
