"""Plans the night: which quarter hours are cheap enough for a target. Pure; fetches nothing, sends nothing, but for the thin planner."""
