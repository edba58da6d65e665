"""The window for many files."""
