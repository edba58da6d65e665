"""Every parameter once: name, default, range, unit, help."""
