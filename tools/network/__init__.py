"""Files for The Things Network."""
