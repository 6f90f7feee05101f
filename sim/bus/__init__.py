"""The simulated RS485 line, and a pseudo-terminal that connects programs to it."""
