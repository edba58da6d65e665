"""A simulator of acquisitions from physics; see `benchmarks/physics.py`."""
