"""The version, alone, so that every part can import it."""

__version__ = "0.1.0"
