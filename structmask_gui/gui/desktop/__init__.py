"""Settings, logs, places and system facts."""
