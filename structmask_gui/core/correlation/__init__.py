"""Autocorrelation, detrending, and correlation per lag with its error."""
