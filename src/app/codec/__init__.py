"""Packs and reads what goes over the air: the words, the frames, and the forms of plans and time zones."""
