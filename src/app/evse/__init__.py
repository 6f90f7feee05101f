"""Observes the charger: its believed state, key, energy and charging sessions."""
