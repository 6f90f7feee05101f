"""The house's side: the service with the session book; the bridge to The Things Stack, Home Assistant and Home Manager."""
