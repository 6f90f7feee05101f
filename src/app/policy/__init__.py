"""Decides whether the car may charge and with which current, by the owner's claims, the plan and the time."""
