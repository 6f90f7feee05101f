# `make` alone says what there is.
.PHONY: help setup
help:
	@echo "make setup | run | test"

setup:
	@sh tools/setup.sh
