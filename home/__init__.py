"""The house's side: the service with the book of sessions; the bridge to The Things Stack, Home Assistant and Home Manager."""
