"""Commands over the air: accepted, carried out once, answered once."""
