"""The payload formatter as the network runs it: the real ttn/formatter.js in a real JavaScript engine.

The Things Stack calls decodeUplink({bytes, fPort}), encodeDownlink({data, fPort}) and decodeDownlink({bytes, fPort}), wants plain
JSON back, and turns whatever a script throws into an error (The Things Stack, pkg/messageprocessors/javascript). It gives each
call a fresh engine; here one engine serves all calls, because a simulated day has hundreds of them. It is for one thread at a time.

The engine's clock is ours to set, so that a command encoded in virtual time is stamped with virtual time.
"""

import json
import os

import dukpy

DEFAULT_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'formatter.js')

# Runs beside the script: the settable clock, and the call with its checks. JSON has no NaN and no Infinity (the stack refuses
# them too), so they are looked for before stringify would turn them into null.
_HOST = """
var __host = (function () {
  var RealDate = Date;
  var nowMs = null;
  function now() { return nowMs === null ? RealDate.now() : nowMs; }
  function SetDate(a, b, c, d, e, f, g) {
    if (!(this instanceof SetDate)) { return new RealDate(now()).toString(); }
    switch (arguments.length) {
    case 0: return new RealDate(now());
    case 1: return new RealDate(a);
    default: return new RealDate(a, b, c === undefined ? 1 : c, d || 0, e || 0, f || 0, g || 0);
    }
  }
  SetDate.now = now;
  SetDate.UTC = RealDate.UTC;
  SetDate.parse = RealDate.parse;
  SetDate.prototype = RealDate.prototype;
  Date = SetDate;
  function finite(value) {
    if (typeof value === 'number') { return isFinite(value); }
    if (value && typeof value === 'object') {
      return Object.keys(value).every(function (key) { return finite(value[key]); });
    }
    return true;
  }
  return function (name, given, ms) {
    var output;
    nowMs = ms;
    try {
      output = this[name](JSON.parse(given));
      if (output === undefined || output === null || typeof output !== 'object') { output = {errors: ['no script output']}; }
      if (!finite(output)) { output = {errors: ['not a number in the output']}; }
      return JSON.stringify(output);
    } catch (problem) {
      return JSON.stringify({errors: [String(problem)]});
    }
  };
}());
"""


class Formatter:
    """ttn/formatter.js, another file with the same three functions, or the text of one.

    OSError if the file cannot be read, ValueError if it is no JavaScript of this engine (ES5.1). The calls never raise.
    """

    def __init__(self, path=DEFAULT_PATH, script=None):
        if script is None:
            with open(path, encoding='utf-8') as file:
                script = file.read()
        self._engine = dukpy.JSInterpreter()
        try:
            self._engine.evaljs(_HOST)
            self._engine.evaljs(script + '\n;0')
        except dukpy.JSRuntimeError as problem:
            raise ValueError('%s: %s' % (path, problem)) from None

    def decode_uplink(self, f_port, payload):
        """{'data': {...}} for an uplink's bytes, or {'errors': [text]}."""
        return self._checked_data('decodeUplink', f_port, payload)

    def decode_downlink(self, f_port, payload):
        """{'data': {...}} for a downlink's bytes, or {'errors': [text]}."""
        return self._checked_data('decodeDownlink', f_port, payload)

    def encode_downlink(self, data, f_port=0, utc_s=None):
        """{'fPort': port, 'bytes': [...]} for a downlink in words, or {'errors': [text]}.

        f_port is kept where the script names none (0 becomes 1, as in the stack); utc_s is the clock the script sees.
        """
        output = self._call('encodeDownlink', {'data': data, 'fPort': f_port}, utc_s)
        if output.get('errors'):
            return output
        octets = output.get('bytes')
        port = output.get('fPort', f_port) or 1
        if not isinstance(octets, list) or not all(_is_octet(value) for value in octets):
            return {'errors': ['encodeDownlink gave no list of bytes']}
        if not _is_octet(port):
            return {'errors': ['encodeDownlink gave no port']}
        output['fPort'] = port
        return output

    def _checked_data(self, name, f_port, payload):
        output = self._call(name, {'bytes': list(payload), 'fPort': f_port})
        if output.get('errors') or isinstance(output.get('data'), dict):
            return output
        return {'errors': [name + ' gave no data']}

    def _call(self, name, given, utc_s=None):
        """What the script's function gives, as a dict; anything it does wrong is in 'errors'."""
        now_ms = None if utc_s is None else int(utc_s * 1000)
        try:
            text = self._engine.evaljs('__host.call(this, dukpy.name, dukpy.given, dukpy.now_ms)',
                                       name=name, given=json.dumps(given, allow_nan=False), now_ms=now_ms)
            output = json.loads(text)
        except (dukpy.JSRuntimeError, ValueError, TypeError, RecursionError) as problem:
            return {'errors': [str(problem).split('\n')[0]]}
        return output if isinstance(output, dict) else {'errors': ['no script output']}


def _is_octet(value):
    """A JavaScript number that is an integer of 0..255 (Duktape returns integers as integers)."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
