"""Technology files."""
