"""Now."""


def gather(look):
    return {}
