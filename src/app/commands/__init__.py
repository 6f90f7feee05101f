"""Handles commands over the air: each is accepted, executed once and answered once."""
