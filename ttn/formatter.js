/*
 * Payload formatter for The Things Stack v3. Paste this file both as uplink and as downlink formatter.
 * docs/payload.md is the description of the bytes, ttn/vectors.json holds examples of all of them.
 *
 * - ECMAScript 5.1 only: The Things Stack, ChirpStack and Node all run it.
 * - It never throws. What it cannot read gives {errors: ["name of the field: what is wrong"]} and no data.
 * - Every uplink that decodes has a state, in one of eight words. Home Manager fails on an uplink without one and on
 *   a word it does not know, so whatever has no word of its own is Disabled; code, reason and fault tell the rest.
 * - An index that a table does not have (a newer device) leaves its field out; it is never guessed.
 *
 * To add a message: write its function and give it a row in UPLINKS, DOWNLINKS or REQUESTS.
 */

/* ---- Words. The place in the list is the index on the air; src/app/words.py has the same lists. ---- */

var STATES = [null, 'Not Connected', 'Connected and Locked', 'Charging', 'Charged', 'Disabled'];

var REASONS = [
  'charging', 'no_vehicle', 'outside_plan', 'locked', 'waits_for_key', 'vehicle_paused', 'vehicle_full', 'starting',
  'waking_vehicle', 'fault', 'held_after_power_cut', 'time_unknown', 'skipped', 'stopped', 'limit_reached', 'min_pause',
  'unreachable', 'setup'
];

var OVERRIDES = ['none', 'boost', 'skip', 'stop', 'lock'];

var COMMANDS = [
  null, 'lock', 'unlock', 'reset', 'start', 'stop', 'set_current', 'boost', 'skip', 'resume_plan', 'report', 'reboot',
  'plan', 'timezone', 'settings', 'time'
];

var RESULTS = ['done', 'refused', 'failed', 'expired', 'busy'];

var DETAILS = [
  'none', 'no_answer', 'not_confirmed', 'fault', 'stale', 'unknown_command', 'bad_argument', 'locked', 'unreachable',
  'superseded', 'no_vehicle', 'repeated', 'setup', 'waits_for_key', 'stopped', 'vehicle_full', 'vehicle_paused', 'min_pause',
  'daily_limit', 'no_time', 'no_plan', 'no_room', 'not_possible', 'rolled_back', 'power_cut', 'bad_setting'
];
var BAD_SETTING = 128; /* a detail from here on names the bad setting: the rest is its place in SETTINGS */

var HOLDERS = ['none', 'plan', 'boost', 'skip', 'stop', 'lock', 'fault', 'key'];

var EVENTS = ['not_plugged_in', 'not_charging', 'finished', 'leaked_at_peak', 'fault', 'power_restored'];

var SKIPS = ['this', 'next'];
var REPORTS = ['status', 'device', 'plan'];
var DEVICE_PARTS = ['boot', 'charger', 'model', 'serial', 'counters', 'radio', 'crash'];
var READBACK_PARTS = ['plan', 'timezone', 'settings', 'claims'];
var CAUSES = ['power_on', 'planned', 'watchdog', 'crash'];
var DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/* Name, words, lowest and highest number. The byte is the place among the words; behind them come the numbers. */
var SETTINGS = [
  ['lorawan_class', ['A', 'C'], null, null],
  ['adr', [false, true], null, null],
  ['data_rate', [null], 0, 6],
  ['heartbeat_not_connected_min', [], 5, 90],
  ['heartbeat_connected_min', [], 5, 90],
  ['heartbeat_min', [], 5, 90],
  ['current_limit_a', [null], 6, 80],
  ['start_behaviour', ['wake', 'reset', 'current'], null, null],
  ['phase_order', ['L1 L2 L3', 'L1 L3 L2', 'L2 L1 L3', 'L2 L3 L1', 'L3 L1 L2', 'L3 L2 L1'], null, null],
  ['hold', ['with_car', 'always'], null, null],
  ['unknown_time', ['hold', 'charge'], 1, 240],
  ['key_turn', ['auto', 'boost', 'permission', 'ignore'], null, null],
  ['clock_sync', [false, true], null, null],
  ['clock_state', [false, true], null, null],
  ['after_power_cut', ['resume', 'hold'], null, null]
];

/* What Home Manager sends; the byte on the air is the place plus one. */
var MODES = ['Lock Outlet', 'Unlock Outlet', 'Reset Charger'];

/* What Home Manager waits for when a command is done. A start is a reset to it. */
var ACKS = {
  lock: 'Lock Outlet ACK',
  unlock: 'Unlock Outlet ACK',
  reset: 'Reset Charger ACK',
  start: 'Reset Charger ACK'
};

/* The original's one-byte uplinks. Each byte that is not here, E0 and E2 included, is Disabled. */
var LEGACY_STATES = {
  A1: 'Not Connected',
  B1: 'Connected and Locked',
  B2: 'Charged',
  C2: 'Charging',
  C3: 'Charging',
  C4: 'Charging'
};
var LEGACY_ACKS = { AA: 'Lock Outlet ACK', BB: 'Unlock Outlet ACK', CC: 'Reset Charger ACK' };

/* ---- What the wallbox says ---- */

var STATUSES = {
  A1: 'not_connected',
  B1: 'waiting',
  B2: 'ready',
  C2: 'charging',
  C3: 'charging',
  C4: 'charging',
  E0: 'locked',
  E1: 'setup',
  E2: 'setup',
  E3: 'setup'
};

var FAULT_TEXTS = {
  F1: 'contactor is closed although it should be open (welded contacts)',
  F2: 'internal error of the wallbox',
  F3: 'direct current leaks to earth',
  F4: 'wallbox misses the messages of its controller',
  F5: 'socket could not lock the plug',
  F6: 'coding of the cable cannot be read',
  F7: 'vehicle asks for ventilation, which is not offered',
  F8: 'pilot signal between wallbox and vehicle is wrong',
  F9: 'vehicle draws more current than it was offered',
  FA: 'wallbox is too hot or too cold',
  FB: 'contactor is open although it should be closed'
};

var TRISTATE = [null, false, true, null]; /* 2 bits: not known, no, yes, reserved */
var MAINS_VOLTS = 230; /* power_kw is reckoned with it; the wallbox measures no voltage */

/* ---- Pieces ---- */

function fail(text) {
  return { errors: [text] };
}

function has(object, name) {
  return Object.prototype.hasOwnProperty.call(object, name);
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

function isInteger(value, low, high) {
  return typeof value === 'number' && Math.floor(value) === value && value >= low && value <= high;
}

function hex(byte) {
  return (byte < 16 ? '0' : '') + byte.toString(16).toUpperCase();
}

function addWord(data, name, word) {
  if (word !== undefined && word !== null) {
    data[name] = word;
  }
}

function stateWord(index) {
  return STATES[index] || 'Disabled';
}

/* code, status, reason, fault, fault_text: code 0 is "none read yet". */
function addCharger(data, code, reason) {
  var name = hex(code);
  var isFault = code >= 0xf0;
  data.code = code === 0 ? null : name;
  if (reason === 'unreachable') {
    data.status = 'unreachable';
  } else {
    data.status = isFault ? 'fault' : STATUSES[name] || 'unknown';
  }
  addWord(data, 'reason', reason);
  if (isFault) {
    data.fault = name;
    data.fault_text = FAULT_TEXTS[name] || 'unknown fault';
  }
}

/* Half amperes in bits 6..0: 0 is "no current offered", 127 is "not known". */
function limitAmperes(byte) {
  var halves = byte & 127;
  return halves === 127 ? null : halves / 2;
}

/* Three quarter-ampere bytes, 255 is "not measured"; three of them: there is no meter. */
function addCurrents(data, quarters) {
  var amperes = [];
  var sum = 0;
  var missing = 0;
  var i;
  for (i = 0; i < 3; i += 1) {
    if (quarters[i] === 255) {
      amperes.push(null);
      missing += 1;
    } else {
      amperes.push(quarters[i] / 4);
      sum += quarters[i];
    }
  }
  data.current_a = missing === 3 ? null : amperes;
  /* quarter amperes x 230 V in units of 10 W, rounded half up, then kW with two decimals */
  data.power_kw = missing ? null : Math.round((sum * MAINS_VOLTS) / 40) / 100;
}

/* ---- Uplinks ---- */

function decodeLegacy(bytes) {
  var name = hex(bytes[0]);
  var data = { type: 'legacy' };
  if (has(LEGACY_ACKS, name)) {
    data.state = LEGACY_ACKS[name];
  } else {
    data.state = LEGACY_STATES[name] || 'Disabled';
    addCharger(data, bytes[0]);
  }
  return data;
}

function decodeStatus(bytes) {
  var data = { type: 'status', state: stateWord(bytes[2] >> 5) };
  var energy;
  addCharger(data, bytes[1], REASONS[bytes[2] & 31]);
  data.ev_connected = TRISTATE[bytes[3] >> 6];
  data.enable_input = TRISTATE[(bytes[3] >> 4) & 3];
  data.time_known = (bytes[3] & 8) !== 0;
  addWord(data, 'override', OVERRIDES[bytes[3] & 7]);
  data.current_limit_a = limitAmperes(bytes[4]);
  if (bytes.length >= 8) {
    addCurrents(data, [bytes[5], bytes[6], bytes[7]]);
  }
  if (bytes.length >= 10) {
    energy = bytes[8] * 256 + bytes[9]; /* 10 Wh */
    data.session_kwh = energy === 0xffff ? null : energy / 100;
    data.energy_estimated = (bytes[4] & 128) !== 0;
  }
  if (bytes.length >= 11) {
    data.plan_hash = bytes[10];
  }
  return data;
}

function decodeResult(bytes) {
  var command = COMMANDS[bytes[1]];
  var result = RESULTS[bytes[3] >> 5];
  var data = { type: 'result', state: stateWord((bytes[3] >> 2) & 7) };
  if (result === 'done' && has(ACKS, command)) {
    data.state = ACKS[command];
  }
  addWord(data, 'command', command);
  if (bytes[3] & 2) {
    data.command_id = bytes[2];
  }
  addWord(data, 'result', result);
  if (bytes[4] !== 0) {
    addWord(data, 'detail', DETAILS[bytes[4]]);
  }
  if (bytes.length >= 7) {
    addCharger(data, bytes[5], REASONS[bytes[6] & 31]);
  }
  if (bytes.length >= 8) {
    data.current_limit_a = limitAmperes(bytes[7]);
  }
  return data;
}

/* fPort, first byte (version 1 and type; null: there is none), fewest and most bytes, function. */
var UPLINKS = [
  { fPort: 1, header: null, fewest: 1, most: 1, decode: decodeLegacy },
  { fPort: 2, header: null, fewest: 1, most: 1, decode: decodeLegacy },
  { fPort: 10, header: 0x10, fewest: 5, most: 255, decode: decodeStatus },
  { fPort: 11, header: 0x11, fewest: 5, most: 255, decode: decodeResult }
];

/* ---- Downlinks ---- */

function decodeMode(bytes) {
  return isInteger(bytes[0], 1, MODES.length) ? { mode: MODES[bytes[0] - 1] } : null;
}

var DOWNLINKS = [
  { fPort: 1, header: null, fewest: 1, most: 1, decode: decodeMode },
  { fPort: 2, header: null, fewest: 1, most: 1, decode: decodeMode }
];

function encodeMode(data) {
  var place = MODES.indexOf(data.mode);
  return place < 0 ? fail('mode: must be one of ' + MODES.join(', ')) : { bytes: [place + 1], fPort: 1 };
}

/* The field that makes the request, the fields that may stand beside it, function. */
var REQUESTS = [{ field: 'mode', beside: [], encode: encodeMode }];

/* ---- The three functions and what they share ---- */

function checkBytes(bytes) {
  var i;
  if (!isObject(bytes) || !isInteger(bytes.length, 0, 255)) {
    return 'bytes: must be an array of at most 255 bytes';
  }
  for (i = 0; i < bytes.length; i += 1) {
    if (!isInteger(bytes[i], 0, 255)) {
      return 'bytes: number ' + i + ' is not an integer from 0 to 255';
    }
  }
  return null;
}

function checkRow(row, bytes) {
  if (bytes.length < row.fewest || bytes.length > row.most) {
    return 'bytes: ' + bytes.length + ' do not make a message on fPort ' + row.fPort;
  }
  if (row.header !== null && bytes[0] !== row.header) {
    return 'bytes: first is ' + hex(bytes[0]) + ', but ' + hex(row.header) + ' on fPort ' + row.fPort;
  }
  return null;
}

function findRow(rows, fPort) {
  var i;
  for (i = 0; i < rows.length; i += 1) {
    if (rows[i].fPort === fPort) {
      return rows[i];
    }
  }
  return null;
}

function decodeBy(rows, input) {
  var problem;
  var row;
  var data;
  if (!isObject(input)) {
    return fail('input: must be an object');
  }
  if (!isInteger(input.fPort, 1, 255)) {
    return fail('fPort: must be an integer from 1 to 255');
  }
  row = findRow(rows, input.fPort);
  if (row === null) {
    return fail('fPort: ' + input.fPort + ' is not known');
  }
  problem = checkBytes(input.bytes) || checkRow(row, input.bytes);
  if (problem !== null) {
    return fail(problem);
  }
  data = row.decode(input.bytes);
  return data === null ? fail('bytes: no such command') : { data: data };
}

/* The first field of data that neither makes the request nor belongs to it, or null. */
function strayField(data, row) {
  var name;
  for (name in data) {
    if (has(data, name) && (row === null || (name !== row.field && row.beside.indexOf(name) < 0))) {
      return name;
    }
  }
  return null;
}

function encodeBy(rows, input) {
  var data = isObject(input) ? input.data : null;
  var row = null;
  var stray;
  var i;
  if (!isObject(data) || Array.isArray(data)) {
    return fail('data: must be an object');
  }
  for (i = 0; i < rows.length && row === null; i += 1) {
    row = has(data, rows[i].field) ? rows[i] : null;
  }
  stray = strayField(data, row);
  if (stray !== null) {
    return fail(stray.slice(0, 40) + ': is not known here');
  }
  return row === null ? fail('mode: is missing') : row.encode(data);
}

/* Input that fights back (a property that throws) is bad input too. */
function guarded(work, rows, input) {
  try {
    return work(rows, input);
  } catch (error) {
    return fail('input: cannot be read');
  }
}

function decodeUplink(input) {
  return guarded(decodeBy, UPLINKS, input);
}

function decodeDownlink(input) {
  return guarded(decodeBy, DOWNLINKS, input);
}

function encodeDownlink(input) {
  return guarded(encodeBy, REQUESTS, input);
}
