"""The cells."""
