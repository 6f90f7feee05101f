"""Every link in the documents leads to a file of the tree and to a heading in it, and every named file exists."""

import pathlib
import re
import string

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'CHANGELOG.md', ROOT / 'SECURITY.md', *sorted((ROOT / 'docs').rglob('*.md'))]
FENCE = re.compile(r'^```.*?^```', re.M | re.S)
# [words](target), not inside `code`; the words may hold code.
LINK = re.compile(r'\]\(([^()\s]+)\)')
NAMED = re.compile(r'`((?:src|sim|home|tools|tests|ttn|linux|docs)/[\w./-]+\.\w+)`')
KEPT = set(string.ascii_lowercase + string.digits + '-_')
# Written by a tool from figures of commits in which a file had another name.
OF_THEIR_TIME = ('evidence.md', 'adr')
# Made by `make keys` and `make settings`, never in the tree.
MADE = {'src/keys.py', 'src/local_config.py'}


def plain(page):
    """The text of a page without its blocks of code."""
    return FENCE.sub('', page.read_text())


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r'^#+ (.+)$', text, re.M)
    bare = [re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', title).lower().replace(' ', '-') for title in titles]
    return {''.join(char for char in title if char in KEPT) for title in bare}


def relative(page):
    return str(page.relative_to(ROOT))


def dead_links(page):
    """What the links of a page do not lead to."""
    text = re.sub(r'`[^`\n]*`', '', plain(page))
    dead = []
    for target in LINK.findall(text):
        if re.match(r'\w+:', target):
            continue
        path, _, anchor = target.partition('#')
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or ROOT not in there.parents:
            dead.append(target)
        elif anchor and there.suffix == '.md' and anchor not in anchors(plain(there)):
            dead.append(target)
    return dead


def missing_files(text):
    return [name for name in NAMED.findall(text) if name not in MADE and not (ROOT / name).exists()]


def section(page, title):
    """The text from a heading to the next of its rank."""
    return re.search(rf'^## {re.escape(title)}\n(.*?)(?=^## |\Z)', (ROOT / page).read_text(), re.M | re.S).group(1)


@pytest.mark.parametrize('page', PAGES, ids=relative)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    assert dead_links(page) == []


@pytest.mark.parametrize('page', [page for page in PAGES if not any(name in page.parts for name in OF_THEIR_TIME)], ids=relative)
def test_every_file_that_a_page_names_is_there(page):
    assert missing_files(plain(page)) == []


def test_a_dead_link_a_dead_anchor_and_a_missing_file_are_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), 'ROOT', tmp_path)
    page = tmp_path / 'page.md'
    page.write_text('# A page: one\n\n[a](page.md#a-page-one) [b](#a-page-one) [c](gone.md) [d](page.md#gone)\n'
                    '[e](https://x.org) `[f](gone.md)` `src/gone.py`\n')
    assert dead_links(page) == ['gone.md', 'page.md#gone']
    assert missing_files(page.read_text()) == ['src/gone.py']


def test_what_i_want_to_change_is_in_a_file_that_exists():
    lines = section('docs/architecture.md', 'I want to change').splitlines()
    rows = [line for line in lines if line.startswith('| ') and not line.startswith('| I want to change |')]
    assert len(rows) >= 80
    for row in rows:
        assert NAMED.findall(row), row
        assert missing_files(row) == []


def test_every_module_of_the_app_is_where_one_wants_to_change_something():
    named = section('docs/architecture.md', 'I want to change')
    there = [str(path.relative_to(ROOT)) for path in sorted((ROOT / 'src' / 'app').glob('*/*.py')) if path.name != '__init__.py']
    # What holds others together, and is never the place alone.
    glue = {'src/app/control/controller.py', 'src/app/commands/execution.py', 'src/app/evse/evse_model.py'}
    assert [path for path in there if path not in named and path not in glue] == []


def test_every_page_is_named_in_the_index_of_the_documents():
    index = (ROOT / 'docs' / 'README.md').read_text()
    assert [page.name for page in sorted((ROOT / 'docs').glob('*.md')) if page.name != 'README.md' and f']({page.name})' not in index] == []


def test_every_rule_of_operation_that_the_source_refers_to_has_a_page():
    """Comments in src/ name docs/operation.md, some with a title: the index knows it."""
    index = (ROOT / 'docs' / 'operation.md').read_text().lower()
    for path in (ROOT / 'src').rglob('*.py'):
        for title in re.findall(r'docs/operation\.md, "([^"]+)"', path.read_text()):
            assert title.lower() in index, (path, title)
