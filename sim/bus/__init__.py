"""The simulated RS485 line, and programs at its end."""
