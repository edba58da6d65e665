"""The window. Imports core and io; only the entry points import it."""
