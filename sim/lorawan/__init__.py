"""The simulated air and The Things Stack behind it."""
