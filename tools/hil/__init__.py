"""The records and conclusions that `make hil` makes of a real charger."""
