"""Presets, built in and of one's own."""
