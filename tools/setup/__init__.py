"""What `make setup` installs that pip cannot, and other systems to try it in."""
