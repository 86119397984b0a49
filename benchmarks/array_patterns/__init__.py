"""Patterns of matched arrays compared: ours, other styles, and other generators."""
