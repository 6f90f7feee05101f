"""What tests hold the firmware against: the tariff, and a controller that knows everything."""
