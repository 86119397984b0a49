"""Current mirrors."""
