"""Programs for a real charger: console, commissioning, search."""
