"""`python -m sim run`: the simulated world in real time, on a screen."""
