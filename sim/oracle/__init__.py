"""References for the tests: the tariff, and an ideal controller that knows everything."""
