"""What comes from a network and goes to it: a kind of network is a module, and all of them make the same Uplink."""
