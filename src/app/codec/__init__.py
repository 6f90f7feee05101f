"""Packs uplinks and reads downlinks: the vocabulary, the frames, and the formats of plans and time zones."""
