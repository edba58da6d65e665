"""Noise that is as smooth as the sample, by what samples and noise usually look like."""
