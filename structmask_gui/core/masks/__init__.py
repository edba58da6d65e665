"""The mask: its statistics, shape, symmetry, and what trainers make of it."""
