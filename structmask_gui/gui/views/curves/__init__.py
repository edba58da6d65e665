"""Curves and profiles."""
