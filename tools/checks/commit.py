"""The commit of the code that a figure belongs to."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A change to these leaves every figure as it was; a commit of the figures themselves is one.
NO_CODE = [":!docs", ":!*.md"]


def _git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def last(*paths):
    """The last commit that touched `paths`, as 40 digits; with "+" behind it where there are changes since; "" where git does not know."""
    try:
        commit = _git("log", "-1", "--format=%H", "--", *paths)
        return commit + ("+" if _git("status", "--porcelain", "--", *paths) else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def code_commit():
    """The last commit that touched more than words, in the same form."""
    return last(".", *NO_CODE)


# Tests, and what those of ttn/ and tools/ share: neither is firmware or simulator.
NOT_SOAKED = [":(exclude,glob)tests/**/test_*.py", ":(exclude,glob)tests/support/formatter_*", ":(exclude,glob)tests/support/micropython_board*"]


def soaked_commit():
    """The same of what a soak runs: firmware, simulator and what their tests share. A test that asks something else gets another name."""
    return last("src", "sim", "tests/support", "tests/system", *NOT_SOAKED)


def short(commit):
    """`commit` for a reader: 10 digits, and the "+"."""
    return commit[:10] + ("+" if commit.endswith("+") else "")
