"""Observes the charger: its stable state, key, energy and charging sessions."""
