"""The house's side: the bridge to The Things Stack, Home Assistant and Home Manager."""
