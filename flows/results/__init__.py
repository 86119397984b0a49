"""What steps hand to each other."""
