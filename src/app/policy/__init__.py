"""Decides whether the car may charge and with how much current: claims of the owner, the plan, the time."""
