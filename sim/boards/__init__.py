"""The simulated board, and fakes of real boards' own modules."""
