"""Masks, records and cached measurements as files."""
