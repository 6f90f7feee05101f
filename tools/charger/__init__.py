"""Programs beside a real charger: console, commissioning, search."""
