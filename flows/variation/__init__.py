"""Samples of varying devices, and their statistics."""
