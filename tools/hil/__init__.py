"""What `make hil` records and concludes of a real charger."""
