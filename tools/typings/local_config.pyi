# src/local_config.py, whose settings only its site has.
