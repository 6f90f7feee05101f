"""Plans the night: which quarter hours are cheap enough for a target. What decides is pure; facts are from the store; the planner alone sends."""
