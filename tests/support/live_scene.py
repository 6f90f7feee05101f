"""A moment of `make run` without a person, a terminal or a broker: a scenario, what is typed when, and the screen as it is then."""
import re

from sim.live import screen
from sim.live.live_run import LiveRun
from sim.scenario import complete
from tools.docgen.screenshot import Connected, Nobody

SIZES = ((80, 24), (100, 30), (160, 50))


def screens(given, typed, at_s):
    """{size: text} of the view at that second. given: a scenario without its duration; typed: (second, line), which may be `<replace> JSON`: a
    message on down/replace."""
    run = LiveRun(complete(dict(given, duration_s=at_s + 1)), Nobody(), 1.0, ("127.0.0.1", 1883), "ev-charger", "ttn", "wallbox")
    pace, kernel = run.pace, run.world.kernel
    kernel.pace = None
    for t_s, line in typed:
        if line.startswith("<replace> "):
            kernel.at(int(t_s * 1e6), run._on_push, True, line.partition(" ")[2].encode())
        else:
            kernel.at(int(t_s * 1e6), run.typed, line)
    seen = {}

    def look():
        facts = screen.facts_of(run.world, pace, Connected, run.next_model)._replace(lag=False)
        for width, height in SIZES:
            lines = screen.to_lines(screen.render(facts, run.watch, width, height, run.help_shown), width, height, "truecolor")
            seen[width, height] = "\n".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip() for line in lines)

    kernel.at(int(at_s * 1e6) + 3, look)
    run.world.run(at_s + 1)
    pace.close()
    return seen
