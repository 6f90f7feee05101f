"""The store: tables, how they are opened and brought up to date, what is written and what is asked."""
