"""What a kilowatt hour costs, and what a charging session did."""
