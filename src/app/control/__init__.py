"""Acts on the charger: brings it to the state that policy decided."""
