"""Correlation of the noise per lag, separated from image structure."""
