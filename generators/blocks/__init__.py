"""Operational amplifiers."""
