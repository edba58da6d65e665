"""A frame of the stack."""
