"""Paths, atomic writes, JSON, locations."""
