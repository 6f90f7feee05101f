"""home/web/static/vendor: what other people wrote is what they published, with its licence."""
import hashlib
import json

import pytest

from home.web import static_files

FOLDERS = sorted(path for path in (static_files.FOLDER / "vendor").iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_file_has_its_sum_and_the_licence_is_beside_it(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.name != "manifest.json"}
    assert found == manifest["sha256"] and "LICENSE" in found and {"name", "version", "licence", "from"} <= set(manifest)
