"""Frames: access, derivation, registration, screening."""
