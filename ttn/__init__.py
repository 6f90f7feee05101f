"""What the network runs for the device, and the same from Python."""
