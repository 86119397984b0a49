"""What steps hand to each other: checks, quantities, measurements, tables, plots, and progress. Data alone."""
