"""Many files, here or on a cluster."""
