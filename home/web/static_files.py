"""What the pages load: from this package alone, each file under an address that changes with the contents, so that browsers may keep it."""
import functools
import hashlib
import pathlib

from fastapi import HTTPException
from fastapi.responses import Response

FOLDER = pathlib.Path(__file__).with_name("static")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png", ".txt": "text/plain",
         ".webmanifest": "application/manifest+json"}
FOR_EVER = "public, max-age=31536000, immutable"


@functools.cache
def _files():
    """{name: contents} of the folder and of what other people wrote, below vendor/."""
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in sorted(FOLDER.rglob("*")) if path.suffix in KINDS}


@functools.cache
def version():
    """A sum of all of them: scripts that load each other are of one version."""
    found = hashlib.sha256()
    for name, contents in _files().items():
        found.update(b"%s %d " % (name.encode(), len(contents)) + contents)
    return found.hexdigest()[:12]


def address(name):
    """Where that file is. KeyError if there is none."""
    _files()[name]
    return f"/static/{version()}/{name}"


def answer(asked_version, name):
    """The file; one of another version is given, too, but not kept."""
    contents = _files().get(name)
    if contents is None:
        raise HTTPException(404, "static: there is no such file")
    kind = KINDS[pathlib.PurePath(name).suffix]
    return Response(contents, media_type=kind, headers={
        "Cache-Control": FOR_EVER if asked_version == version() else "no-cache", "X-Content-Type-Options": "nosniff"})
