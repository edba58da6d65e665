"""Theme, colours, icons."""
