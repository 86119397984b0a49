"""Pages, pictures, plots, console text and CI formats."""
