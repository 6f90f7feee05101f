"""The HTTP API: what the house knows, as JSON, to read."""
