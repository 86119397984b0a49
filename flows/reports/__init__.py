"""Pages, pictures, plots, console text and formats for CI systems."""
