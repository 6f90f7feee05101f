"""Tonight."""


def gather(look):
    return {}
