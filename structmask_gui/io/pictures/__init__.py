"""Pictures drawn without Qt."""
