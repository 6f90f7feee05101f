"""Sends uplinks: status, answers, events, records of charging sessions, and reports."""
