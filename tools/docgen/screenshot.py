"""The picture of the live view for the README, drawn from a real run: `python -m tools.docgen.screenshot` writes docs/images/run.svg.

A car is plugged in and Reset Charger is sent as Home Manager does; the world runs in virtual time, so the picture is the same each time.
"""
import io
import pathlib
import re
import sys

from rich.console import Console
from sim.live import screen
from sim.scenario import complete
from sim.live.live_run import LiveRun

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATH = ROOT / "docs" / "images" / "run.svg"
WIDTH, HEIGHT = 110, 32
START = "2026-04-04T07:00:00Z"
# (second, typed text)
TYPED = ((70, "plug"), (95, "reset"))
END_S = 420


class Nobody:
    """No person, no terminal."""

    def say(self, t_s, source, text):
        """Nobody listens."""

    def tick(self):
        """Nobody looks."""


class Connected:
    """The broker as in a run that has one."""

    host, port, connected, topic = "127.0.0.1", 1883, True, "v3/ev-charger@ttn/devices/wallbox/"


def svg():
    """The picture as text."""
    run = LiveRun(complete({"start": START, "duration_s": END_S}), Nobody(), 1.0, ("127.0.0.1", 1883), "ev-charger", "ttn", "wallbox")
    pace = run.pace
    run.world.kernel.pace = None
    for t_s, line in TYPED:
        run.world.kernel.at(t_s * 1_000_000, run.typed, line)
    picture = []
    run.world.kernel.at((END_S - 1) * 1_000_000 + 3, lambda: picture.append(screen.facts_of(run.world, pace, Connected, run.next_model)))
    run.world.run(END_S)
    pace.close()
    console = Console(file=io.StringIO(), width=WIDTH, height=HEIGHT, record=True, force_terminal=True, color_system="truecolor")
    console.print(screen.render(picture[0]._replace(lag=False), run.watch, WIDTH, HEIGHT))
    # Without the fonts that rich would fetch from the net: a picture in a README loads nothing.
    return re.sub(r"\s*@font-face \{.*?\}\n", "", console.export_svg(title="make run", unique_id="run"), flags=re.S)


def main():
    """The command."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(svg(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
