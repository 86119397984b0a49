"""Current mirrors: one module for each, found by its name; what they share is in `parts`.

A module ``x`` is the cell ``mirror_x``. It holds a spec, the circuit and the layout, each made from the spec and the
sizes alone, and names them in its ``MIRROR``.
"""
