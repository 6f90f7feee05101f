"""Installers for what pip cannot install in `make setup`, and other systems to test it in."""
