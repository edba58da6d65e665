"""Texts for trainers."""
