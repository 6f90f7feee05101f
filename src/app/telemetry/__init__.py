"""Tells the network: status, answers, events, session records and reports."""
