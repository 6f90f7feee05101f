"""Writes the pages and pictures of docs/ that come from code or from figures."""
