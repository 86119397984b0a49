"""What is measured on each kind of cell."""
