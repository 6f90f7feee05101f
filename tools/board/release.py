"""`make release`: writes build/release/, the files of one version: each board's firmware, checksums, components, changes.

The version is src/app/version.py's, and CHANGELOG.md must have a section of it. Nothing of this site goes in, keys or settings.
The same commit gives the same bytes wherever it is built.
"""
import argparse
import hashlib
import io
import json
import re
import shutil
import sys
import zipfile

from app.version import VERSION
from tools.board import build, manifest
from tools.checks import commit
from tools.setup import install_umodbus

OUT = build.ROOT / "build" / "release"
NAME = "ev-charger-monitor"
# Files copied unchanged: the formatter, and the licences of everything (umodbus is in it).
AS_IS = ("ttn/formatter.js", "LICENSE", "docs/licences.md")
CHANGELOG = build.ROOT / "CHANGELOG.md"
# Zip cannot say "no time"; this is the first one that it can.
NO_TIME = (1980, 1, 1, 0, 0, 0)


def version():
    """The version as text."""
    return "%d.%d.%d" % VERSION


def changes(text, of):
    """The section of CHANGELOG.md (its text) that is about the version `of`, without its heading; '' if there is none."""
    found = re.search(r"(?ms)^## \[%s\][^\n]*\n(.*?)(?=^## \[|\Z)" % re.escape(of), text)
    return found.group(1).strip() + "\n" if found else ""


def archive(files):
    """{path: bytes} as the bytes of a zip file, the same each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, NO_TIME)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(info, files[path])
    return out.getvalue()


def materials(of, sums):
    """Components of the firmware, as CycloneDX 1.5 (ECMA-424). of: the commit; sums: {file: SHA-256} of the released files."""
    ours = f"pkg:generic/{NAME}@{version()}"
    umodbus = f"pkg:pypi/{install_umodbus.NAME}@{install_umodbus.VERSION}"
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {
            "type": "firmware", "bom-ref": ours, "name": NAME, "version": version(), "purl": ours, "licenses": [{"license": {"id": "MIT"}}],
            "properties": [{"name": "commit", "value": of}],
            "components": [
                {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": sums[name]}]} for name in sorted(sums)],
        }},
        "components": [{
            "type": "library", "bom-ref": umodbus, "name": install_umodbus.NAME, "version": install_umodbus.VERSION, "purl": umodbus,
            "licenses": [{"license": {"id": "GPL-3.0-or-later"}}], "hashes": [{"alg": "SHA-256", "content": install_umodbus.SHA256}],
        }],
        "dependencies": [{"ref": ours, "dependsOn": [umodbus]}, {"ref": umodbus, "dependsOn": []}],
    }


def content(of):
    """{file: bytes} of the release of the commit `of`."""
    files = {}
    for board in sorted(manifest.BOARDS):
        files[f"{NAME}-{version()}-{board}.zip"] = archive(build.content(board, of=of, site=False))
    for path in AS_IS:
        files[path.rpartition("/")[2]] = (build.ROOT / path).read_bytes()
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files["sbom.cdx.json"] = (json.dumps(materials(of, sums), indent=1) + "\n").encode()
    files["CHANGES.md"] = changes(CHANGELOG.read_text(), version()).encode()
    lines = ["%s  %s\n" % (hashlib.sha256(files[name]).hexdigest(), name) for name in sorted(files)]
    files["SHA256SUMS"] = "".join(lines).encode()
    return files


def main(argv=None):
    """The command; exit code 1 if this cannot be a release."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__.splitlines()[0])
    parser.add_argument("--anyway", action="store_true", help="with changes that are not committed, or without a section in CHANGELOG.md: to try it")
    args = parser.parse_args(argv)
    of = commit.last(".")
    wrong = []
    if of.endswith("+") or not of:
        wrong.append("there are changes that are not committed")
    if not changes(CHANGELOG.read_text(), version()):
        wrong.append(f"CHANGELOG.md has no section [{version()}]; src/app/version.py says that this is it")
    if wrong and not args.anyway:
        print("make release: " + "; ".join(wrong), file=sys.stderr)
        return 1
    files = content(of)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for name, data in files.items():
        (OUT / name).write_bytes(data)
    print(files["SHA256SUMS"].decode(), end="")
    print(f"{OUT.relative_to(build.ROOT)}: {version()}, commit {commit.short(of) or 'unknown'}; check with sha256sum -c SHA256SUMS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
