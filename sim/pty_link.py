"""The symbolic link by which a pseudo-terminal has a name that is known beforehand."""

import os


def link(path, target):
    """Make the link; one that leads nowhere is left from a run that was killed. Raises OSError."""
    if os.path.islink(path) and not os.path.exists(path):
        os.unlink(path)
    os.symlink(target, path)


def unlink(path, target):
    """Remove it, if it is still ours."""
    if os.path.islink(path) and os.readlink(path) == target:
        os.unlink(path)


def is_open(fd):
    """Whether that descriptor is one of this process."""
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
