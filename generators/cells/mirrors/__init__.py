"""The current mirrors: a module for each, named as its cell; what they share is in `parts`.

A module holds the mirror's spec, circuit, layout and hand formulas, and names them in its ``CELL``.
"""
