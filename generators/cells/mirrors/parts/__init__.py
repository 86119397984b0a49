"""Shared parts of the mirrors: fields, sizes, checks, hand formulas, and blocks."""
