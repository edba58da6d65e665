"""The state of the window and the work it starts."""
