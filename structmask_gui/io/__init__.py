"""Files: image stacks, presets and exports. Knows the core, not the window."""
