"""The engine: arrays in, arrays out. Knows neither Qt nor files."""
