"""The checks of the matching report: size, orientation, pitch, dummies, ring, centroid, well, diffusion.

Arrays with two outputs or more among them are held against all of them, a single output (fingers in parallel) only
against "size" and "orientation", digital gates against none. Npn need no dummies, as each lies in a deep n-well of its
own, and have no direction of their current along the surface; a bar's current may flow up or down. Where a check
compares a unit with the others, the reference is the value that most units have.
"""

from mirrorneuron.flows.matching.checks.judge import CHECKS, judge

__all__ = ["CHECKS", "judge"]
