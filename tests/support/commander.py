"""A sender of commands outside the simulated world: publishes, repeats unanswered ones, and notes when the server has the answer."""

from sim import scenario
from sim.world import World

SECOND_US = 1_000_000
REPEATS_S = (14, 28)
WAIT_S = 120


class SentCommand:
    """at_s: of its first publication; answered_s: since then, until the server had the answer, or None; result: what it said."""

    def __init__(self, data, at_s):
        self.data = data
        self.at_s = at_s
        self.answered_s = None
        self.result = None
        self.published = 0


class Commander:
    """One world and its owner. given: a scenario."""

    def __init__(self, **given):
        self.world = World(scenario.complete(dict(given, duration_s=1)), publish=self._publish)
        self.commands = []
        self._open = {}             # command_id: the Command that waits for its answer

    def at(self, at_s, repeats_s=REPEATS_S, **data):
        """Publish {"command": ...} then; the same identity again at each of repeats_s after it while it is unanswered."""
        command = SentCommand(dict(data, id=len(self.commands) % 256, issued_at=self.world.start_utc_s + int(at_s)), at_s)
        self.commands.append(command)
        for after_s in (0,) + tuple(repeats_s):
            self.world.kernel.at(int((at_s + after_s) * SECOND_US), self._send, command)
        return command

    def run(self, until_s):
        """Live until then."""
        self.world.run(until_s)
        return self

    def _send(self, command):
        if command.answered_s is None:
            self._open[command.data['id']] = command
            command.published += 1
            errors = self.world.send(command.data)
            assert errors is None, errors

    def _publish(self, suffix, message):
        told = message['uplink_message'].get('decoded_payload') if suffix == 'up' else None
        command = self._open.pop(told.get('command_id'), None) if told and told.get('type') == 'result' else None
        if command is not None:
            command.answered_s = self.world.kernel.now_us / SECOND_US - command.at_s
            command.result = told['result']
