"""Prices of electricity that change by the hour: a source is data (presets, home.toml), its answer becomes spans of time with a price."""
