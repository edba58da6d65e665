"""The finished program tries itself."""
