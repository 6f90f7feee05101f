"""ttn/formatter.js in an ES5.1 engine, for the unit tests."""

import pathlib

import dukpy

SOURCE = (pathlib.Path(__file__).parents[2] / 'ttn' / 'formatter.js').read_text()

# Calls one function on a list of inputs. The answers come back as JSON, which drops undefined and turns NaN into null:
# neither may stand in an answer, so they are looked for before.
DRIVER = """
function holes(value) {
  var name;
  if (value === undefined || (typeof value === 'number' && !isFinite(value))) { return true; }
  if (typeof value !== 'object' || value === null) { return false; }
  for (name in value) { if (holes(value[name])) { return true; } }
  return false;
}
function callAll(work, inputs) {
  var answers = [];
  var i;
  for (i = 0; i < inputs.length; i += 1) {
    try { answers.push(work(inputs[i])); } catch (error) { answers.push({ thrown: String(error) }); }
    if (holes(answers[i])) { answers[i] = { hole: true }; }
  }
  return answers;
}
"""


class Engine:
    """The formatter in one JavaScript engine."""

    def __init__(self):
        self._interpreter = dukpy.JSInterpreter()
        self._interpreter.evaljs([SOURCE, DRIVER])

    def value(self, expression):
        """What a JavaScript expression is, as JSON sees it."""
        return self._interpreter.evaljs(expression)

    def call_all(self, function, inputs):
        """The answers of one of the three functions to a list of inputs that JSON can carry."""
        return self._interpreter.evaljs(f'callAll({function}, dukpy.inputs)', inputs=inputs)

    def call(self, function, value):
        return self.call_all(function, [value])[0]
