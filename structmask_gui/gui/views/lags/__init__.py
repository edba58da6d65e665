"""Planes of lags: autocorrelation, rings, significance, mask."""
