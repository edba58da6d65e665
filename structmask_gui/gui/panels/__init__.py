"""Docks in which parameters are edited and results are read."""
