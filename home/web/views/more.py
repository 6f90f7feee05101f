"""More: what has no place in the bar of a phone."""


def gather(look):
    return {}
