"""A request becomes a command with a fate: fate decides, desk asks, hears, repeats and withdraws."""
