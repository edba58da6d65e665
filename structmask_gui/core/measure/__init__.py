"""From frames to what later stages need."""
