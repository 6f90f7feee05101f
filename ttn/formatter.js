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

/* ---- Words. The place in the list is the index on the air; src/app/codec/vocabulary.py has the same lists. ---- */

var STATES = [null, 'Not Connected', 'Connected and Locked', 'Charging', 'Charged', 'Disabled'];

var REASONS = [
  'charging', 'no_vehicle', 'outside_plan', 'locked', 'waits_for_key', 'vehicle_paused', 'vehicle_full', 'starting',
  'waking_vehicle', 'fault', 'held_after_power_cut', 'time_unknown', 'skipped', 'stopped', 'limit_reached', 'min_pause',
  'unreachable', 'setup', 'waits_for_price'
];

var OVERRIDES = ['none', 'boost', 'skip', 'stop', 'lock', 'target'];

var COMMANDS = [
  null, 'lock', 'unlock', 'reset', 'start', 'stop', 'set_current', 'boost', 'skip', 'resume_plan', 'report', 'reboot',
  'plan', 'timezone', 'settings', 'time', 'target'
];

var RESULTS = ['done', 'refused', 'failed', 'expired', 'busy'];

var DETAILS = [
  'none', 'no_answer', 'not_confirmed', 'fault', 'stale', 'unknown_command', 'bad_argument', 'locked', 'unreachable',
  'superseded', 'no_vehicle', 'repeated', 'setup', 'waits_for_key', 'stopped', 'vehicle_full', 'vehicle_paused', 'min_pause',
  'daily_limit', 'no_time', 'no_plan', 'no_room', 'not_possible', 'rolled_back', 'power_cut', 'bad_setting'
];
var BAD_SETTING = 128; /* a detail from here on names the bad setting: the rest is its place in SETTINGS */

var HOLDERS = ['none', 'plan', 'boost', 'skip', 'stop', 'lock', 'fault', 'key', 'target'];

var EVENTS = ['not_plugged_in', 'not_charging', 'finished', 'leaked_at_peak', 'fault', 'power_restored', 'memory_lost', 'target_missed'];

var EVENTS_IN_WH = ['finished', 'leaked_at_peak', 'target_missed']; /* the others tell minutes */

var SKIPS = ['this', 'next'];
var REPORTS = ['status', 'device', 'plan', 'sessions'];
var DEVICE_PARTS = ['boot', 'charger', 'model', 'serial', 'counters', 'radio', 'crash', 'energy'];
var READBACK_PARTS = ['plan', 'timezone', 'settings', 'claims', 'target'];
var CAUSES = ['power_on', 'planned', 'watchdog', 'crash'];
var ERRORS = [
  'Exception', 'OSError', 'HalError', 'MemoryError', 'ValueError', 'TypeError', 'AttributeError', 'IndexError', 'KeyError', 'NameError',
  'RuntimeError', 'AssertionError', 'KeyboardInterrupt', 'Stalled', 'BrownOut'
];
/* Whatever a crash may name: modules of the firmware and parts that stood still. It grows at the end; a name stays. */
var MODULES = (
  'actor airtime airtime_budget airtime_log answer answer_queue app application arbiter ascii at_lines at_modem at_words board ' +
  'charger charging_sessions claims clock_quota clock_sync codec command_log commands config const contactor contract ' +
  'control control_record controller debounce device_commands device_report dispatcher downlink energy_meter event_detector ' +
  'event_queue evse evse_model evse_monitor execution frame_cost functions hal icmax id_finder join_schedule journal ' +
  'key_switch keys last_word legacy link_supervision local_time lopy4 lopy4_radio lorawan main mainline mainline_light ' +
  'mainline_ports mainline_store mcu micropython modbus modem_health monitor outbox owner_record pins plan plan_store ' +
  'policy poller posix posix_clock posix_ports posix_tz rak3172 rate_fallback reading reconciler records regions ' +
  'report_frames reporter reset_sequence runtime safe_mode scheduler sender session session_book setpoint setting_bytes site_settings specs ' +
  'start_sequence states statistics status_frames status_view supervisor telemetry ticks timekeeper trace transaction ' +
  'typing umodbus version vocabulary window_quota windows wio_e5 write_map write_retry packing target target_follower car_power log_lines radio modem_recovery store_rules'
).split(' ');
var KEYS = [null, 'none', 'closed_to_start', 'closed_to_enable', 'invalid'];
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
  ['after_power_cut', ['resume', 'hold'], null, null],
  ['en1', [null, 'key', 'relay', 'nothing'], null, null]
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

function isPlain(value) {
  return isObject(value) && !Array.isArray(value);
}

function isInteger(value, low, high) {
  return typeof value === 'number' && Math.floor(value) === value && value >= low && value <= high;
}

function hex(byte) {
  return (byte < 16 ? '0' : '') + byte.toString(16).toUpperCase();
}

/* Big endian, count bytes. */
function push(bytes, count, value) {
  var place;
  for (place = count - 1; place >= 0; place -= 1) {
    bytes.push(Math.floor(value / Math.pow(256, place)) % 256);
  }
}

function read(bytes, at, count) {
  var value = 0;
  var i;
  for (i = at; i < at + count; i += 1) {
    value = value * 256 + bytes[i];
  }
  return value;
}

function readSigned(bytes, at, count) {
  var value = read(bytes, at, count);
  return bytes[at] < 128 ? value : value - Math.pow(256, count);
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
  if (bytes[4] >= BAD_SETTING && bytes[4] - BAD_SETTING < SETTINGS.length) {
    data.detail = 'bad_setting';
    data.setting = SETTINGS[bytes[4] - BAD_SETTING][0];
  } else if (bytes[4] !== 0) {
    addWord(data, 'detail', DETAILS[bytes[4]]);
  }
  if (bytes.length >= 7) {
    addCharger(data, bytes[5], REASONS[bytes[6] & 31]);
  }
  if (bytes.length >= 8) {
    data.current_limit_a = limitAmperes(bytes[7]);
  }
  if (bytes.length >= 10 && command === 'target' && result !== 'busy') {
    data.kwh_possible = kwhOf(read(bytes, 8, 2));
  } else if (bytes.length >= 9 && result) {
    data[result === 'busy' ? 'refused' : 'counted'] = bytes[8];
  }
  return data;
}

/* 0xffff is "not known"; in 10 Wh. */
function kwhOf(value) {
  return value === 0xffff ? null : value / 100;
}

/* UTC seconds; 0 is "not known" or "no end". */
function timeOf(bytes, at) {
  return read(bytes, at, 4) || null;
}

function byteOf(byte) {
  return byte === 255 ? null : byte;
}

/* Minutes, with bit 15 hours. */
function uptimeOf(value) {
  return value < 0x8000 ? value : (value - 0x8000) * 60;
}

function textOf(bytes, at) {
  var text = '';
  var i;
  for (i = at; i < bytes.length; i += 1) {
    text += bytes[i] > 31 && bytes[i] < 127 ? String.fromCharCode(bytes[i]) : '?';
  }
  return text || null;
}

/* The module whose name has that number; undefined if there is none. */
function moduleOf(number) {
  var i;
  var at;
  var sum;
  for (i = 0; i < MODULES.length; i += 1) {
    for (at = 0, sum = 0; at < MODULES[i].length; at += 1) {
      sum = (sum * 31 + MODULES[i].charCodeAt(at)) & 0xffff;
    }
    if (sum === number) {
      return MODULES[i];
    }
  }
}

/* What a page of the device tells, and how many bytes that takes. */
var DEVICE_PAGES = {
  boot: [11, function (bytes, data) {
    addWord(data, 'boot_cause', CAUSES[bytes[3]]);
    data.firmware = bytes[4] + '.' + bytes[5] + '.' + bytes[6];
    data.commit = (hex(bytes[7]) + hex(bytes[8])).toLowerCase();
    data.uptime_min = uptimeOf(read(bytes, 9, 2));
  }],
  charger: [9, function (bytes, data) {
    data.charger_id = byteOf(bytes[3]);
    data.charger_firmware = bytes[4] === 255 ? null : bytes[4] + '.' + bytes[5];
    data.max_current_a = limitAmperes(bytes[6]);
    data.key = KEYS[bytes[7]] || null;
    data.meter = TRISTATE[(bytes[8] >> 4) & 3];
    data.starts_after_power_cycle = TRISTATE[(bytes[8] >> 2) & 3];
    data.upstream_timeout = TRISTATE[bytes[8] & 3];
  }],
  model: [3, function (bytes, data) {
    data.model = textOf(bytes, 3);
  }],
  serial: [3, function (bytes, data) {
    data.serial = textOf(bytes, 3);
  }],
  counters: [11, function (bytes, data) {
    data.bus_errors = read(bytes, 3, 2);
    data.commands_refused = bytes[5];
    data.bad_downlinks = bytes[6];
    data.resets = bytes[7];
    data.store_failures = bytes[8];
    data.closings_today = bytes[9];
    data.crashes = bytes[10];
  }],
  radio: [11, function (bytes, data) {
    data.joins = bytes[3];
    data.airtime_s = read(bytes, 4, 2) / 100;
    data.uplinks = bytes[6];
    data.downlinks = bytes[7];
    data.clock_drift_ppm = read(bytes, 8, 2) === 0x8000 ? null : readSigned(bytes, 8, 2);
    data.data_rate = byteOf(bytes[10]);
  }],
  crash: [8, function (bytes, data) {
    addWord(data, 'error', ERRORS[bytes[3]]);
    data.line = read(bytes, 4, 2);
    data.uptime_min = uptimeOf(read(bytes, 6, 2));
    if (bytes[8] === 0) {
      addWord(data, 'module', moduleOf(read(bytes, 9, 2)));
    } else {
      data.module = textOf(bytes, 8); /* of a firmware that sent three letters, or no name */
    }
  }],
  energy: [8, function (bytes, data) {
    data.energy_total_kwh = read(bytes, 3, 4) / 100;
    data.session_number = bytes[7] & 127;
    data.session_open = bytes[7] > 127;
  }]
};

var READBACK_PAGES = {
  plan: [3, function (bytes, data) {
    data.windows = readWindows(bytes, 3);
  }],
  timezone: [6, function (bytes, data) {
    data.timezone_part = data.page === 1 ? zoneText(bytes, 3) : bytes.length > 7 ? ruleText(bytes, 3) : null;
  }],
  settings: [3, function (bytes, data) {
    data.settings = readSettings(bytes, 3);
  }],
  claims: [11, function (bytes, data) {
    addWord(data, 'holder', HOLDERS[bytes[3]]);
    data.until = timeOf(bytes, 4);
    data.current_limit_a = limitAmperes(bytes[8]);
    data.kwh_left = kwhOf(read(bytes, 9, 2));
  }],
  target: [10, function (bytes, data) {
    if (data.page === 1) {
      data.until = timeOf(bytes, 3);
      data.kwh = kwhOf(read(bytes, 7, 2));
      data.current_limit_a = limitAmperes(bytes[9]);
    } else {
      data.quarters = readQuarters(bytes, 3);
    }
  }]
};

/* A frame that is one page: state and part, page and pages, then what the part tells. */
function pageDecoder(type, parts, readers) {
  return function (bytes) {
    var part = parts[bytes[1] & 31];
    var data = { type: type, state: stateWord(bytes[1] >> 5) };
    addWord(data, 'part', part);
    data.page = bytes[2] >> 4;
    data.pages = bytes[2] & 15;
    if (part !== undefined && bytes.length >= readers[part][0]) {
      readers[part][1](bytes, data);
    }
    return data;
  };
}

function decodeSession(bytes) {
  var data = { type: 'session', state: stateWord(bytes[1] >> 5) };
  var minutes = read(bytes, 6, 2);
  addWord(data, 'reason', REASONS[bytes[1] & 31]);
  data.started_at = timeOf(bytes, 2);
  data.duration_min = minutes === 0xffff ? null : minutes;
  data.session_kwh = kwhOf(read(bytes, 8, 2));
  data.energy_estimated = (bytes[10] & 128) !== 0;
  data.session_number = bytes[10] & 127;
  return data;
}

function decodeEvent(bytes) {
  var event = EVENTS[bytes[1] & 31];
  var data = { type: 'event', state: stateWord(bytes[1] >> 5) };
  var amount = bytes.length >= 7 ? read(bytes, 5, 2) : 0xffff;
  addWord(data, 'event', event);
  addCharger(data, bytes[2], REASONS[bytes[3] & 31]);
  data.event_number = bytes[4];
  if (amount !== 0xffff && event !== undefined) {
    if (EVENTS_IN_WH.indexOf(event) < 0) {
      data.minutes = amount;
    } else {
      data.kwh = kwhOf(amount);
    }
  }
  if (bytes.length >= 11) {
    data.event_at = timeOf(bytes, 7);
  }
  return data;
}

/*
 * Clock synchronisation, TS003, little endian, several messages in a frame: the answers 00 (3 bytes) and 02 (6 bytes), the
 * request for the time 01 (6 bytes). The request's Param has the state in its bits 7..5, reserved in TS003.
 */
function decodeClock(bytes) {
  var lengths = [3, 6, 6];
  var data = { type: 'clock', state: 'Disabled' };
  var at;
  for (at = 0; at + (lengths[bytes[at]] || 256) <= bytes.length; at += lengths[bytes[at]]) {
    if (bytes[at] === 1) {
      data.state = stateWord(bytes[at + 5] >> 5);
      data.device_time = bytes[at + 1] + bytes[at + 2] * 256 + bytes[at + 3] * 65536 + bytes[at + 4] * 16777216;
      data.answer_required = (bytes[at + 5] & 16) !== 0;
      data.token = bytes[at + 5] & 15;
    }
  }
  return data;
}

/* fPort, first byte (version 1 and type; null: there is none), fewest and most bytes, function. */
var UPLINKS = [
  { fPort: 1, header: null, fewest: 1, most: 1, decode: decodeLegacy },
  { fPort: 2, header: null, fewest: 1, most: 1, decode: decodeLegacy },
  { fPort: 10, header: 0x10, fewest: 5, most: 255, decode: decodeStatus },
  { fPort: 11, header: 0x11, fewest: 5, most: 255, decode: decodeResult },
  { fPort: 12, header: 0x12, fewest: 3, most: 255, decode: pageDecoder('device', DEVICE_PARTS, DEVICE_PAGES) },
  { fPort: 13, header: 0x13, fewest: 11, most: 255, decode: decodeSession },
  { fPort: 14, header: 0x14, fewest: 3, most: 255, decode: pageDecoder('readback', READBACK_PARTS, READBACK_PAGES) },
  { fPort: 15, header: 0x15, fewest: 5, most: 255, decode: decodeEvent },
  { fPort: 202, header: null, fewest: 1, most: 255, decode: decodeClock }
];

/* ---- Downlinks: fPort 1 ---- */

function decodeMode(bytes) {
  return isInteger(bytes[0], 1, MODES.length) ? { mode: MODES[bytes[0] - 1] } : null;
}

function encodeMode(data) {
  var place = MODES.indexOf(data.mode);
  return place < 0 ? fail('mode: must be one of ' + MODES.join(', ')) : { bytes: [place + 1], fPort: 1 };
}

/* ---- Fields of a request. path stands before a name that lies deeper: 'plan.windows[0].' ---- */

function Refusal(text) {
  this.text = text;
}

function refuse(field, text) {
  throw new Refusal(field.slice(0, 60) + ': ' + text);
}

function checkFields(object, allowed, path) {
  var name;
  for (name in object) {
    if (has(object, name) && allowed.indexOf(name) < 0) {
      refuse(path + name, 'is not known here');
    }
  }
}

function integerField(data, name, lowest, highest, otherwise) {
  var value = has(data, name) ? data[name] : otherwise;
  if (value === undefined) {
    refuse(name, 'is missing');
  }
  if (!isInteger(value, lowest, highest)) {
    refuse(name, 'must be an integer from ' + lowest + ' to ' + highest);
  }
  return value;
}

/* A number that may have decimals, as a number of steps. */
function stepsField(data, name, path, field) {
  var value = data[name];
  var steps;
  if (value === undefined) {
    refuse(path + name, 'is missing');
  }
  steps = typeof value === 'number' ? Math.round(value * field.perUnit) : NaN;
  if (!(value >= field.lowest && value <= field.highest && Math.abs(value * field.perUnit - steps) < 1e-6)) {
    refuse(path + name, 'must be ' + field.lowest + ' to ' + field.highest + ' in steps of ' + 1 / field.perUnit);
  }
  return steps;
}

function timeField(data, name, path) {
  var found = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(typeof data[name] === 'string' ? data[name] : '');
  if (found === null) {
    refuse(path + name, has(data, name) ? 'must be a time from 00:00 to 23:59' : 'is missing');
  }
  return found[1] * 60 + found[2] * 1;
}

function two(number) {
  return (number < 10 ? '0' : '') + number;
}

function timeText(minutes) {
  return two(Math.floor(minutes / 60)) + ':' + two(minutes % 60);
}

var AMPERES = { name: 'current_a', lowest: 6, highest: 80, perUnit: 2 };
var BOOST_KWH = { lowest: 0.01, highest: 655.35, perUnit: 100 };

/* ---- Windows of a plan ---- */

/* What may limit a window, one byte each, in this order: bits 0, 1 and 2. */
var WINDOW_LIMITS = [
  AMPERES,
  { name: 'kwh', lowest: 0.5, highest: 127.5, perUnit: 2 },
  { name: 'duration_min', lowest: 10, highest: 1440, perUnit: 0.1 }
];

/* "mon-wed,sat" as seven bits, Monday first. A range may go over Sunday. */
function parseDays(text) {
  var parts = text.toLowerCase().replace(/ /g, '').split(',');
  var mask = 0;
  var ends;
  var day;
  var last;
  var i;
  for (i = 0; i < parts.length; i += 1) {
    ends = parts[i] === 'daily' || parts[i] === 'all' ? ['mon', 'sun'] : parts[i].split('-');
    day = DAYS.indexOf(ends[0]);
    last = DAYS.indexOf(ends[ends.length - 1]);
    if (day < 0 || last < 0 || ends.length > 2) {
      return 0;
    }
    mask |= 1 << day;
    while (day !== last) {
      day = (day + 1) % 7;
      mask |= 1 << day;
    }
  }
  return mask;
}

function daysText(mask) {
  var parts = [];
  var first;
  var day;
  for (day = 0; day < 7; day += 1) {
    if (mask & (1 << day)) {
      first = day;
      while (mask & (2 << day)) {
        day += 1;
      }
      parts.push(DAYS[first] + (day > first ? '-' + DAYS[day] : ''));
    }
  }
  return mask === 127 ? 'daily' : parts.join(',');
}

function packWindow(window, path, bytes) {
  var limits = [];
  var flags = 0;
  var mask;
  var i;
  if (!isPlain(window)) {
    refuse(path.slice(0, -1), 'must be an object');
  }
  checkFields(window, ['days', 'from', 'to', 'current_a', 'kwh', 'duration_min'], path);
  mask = typeof window.days === 'string' ? parseDays(window.days) : 0;
  if (mask === 0) {
    refuse(path + 'days', has(window, 'days') ? 'must be days, as in mon-fri or sat,sun or daily' : 'is missing');
  }
  for (i = 0; i < 3; i += 1) {
    if (has(window, WINDOW_LIMITS[i].name)) {
      limits.push(stepsField(window, WINDOW_LIMITS[i].name, path, WINDOW_LIMITS[i]));
      flags |= 1 << i;
    }
  }
  push(bytes, 4, ((mask * 2048 + timeField(window, 'from', path)) * 2048 + timeField(window, 'to', path)) * 8 + flags);
  bytes.push.apply(bytes, limits);
}

function readWindows(bytes, start) {
  var windows = [];
  var at = start;
  var head;
  var window;
  var i;
  while (at + 4 <= bytes.length) {
    head = read(bytes, at, 4);
    at += 4;
    window = { days: daysText(head >>> 25), from: timeText((head >>> 14) & 2047), to: timeText((head >>> 3) & 2047) };
    for (i = 0; i < 3; i += 1) {
      if (head & (1 << i) && at < bytes.length) {
        window[WINDOW_LIMITS[i].name] = bytes[at] / WINDOW_LIMITS[i].perUnit;
        at += 1;
      }
    }
    windows.push(window);
  }
  return windows;
}

function packPlan(data, bytes) {
  var plan = data.plan;
  var i;
  if (!isPlain(plan)) {
    refuse('plan', 'must be an object with windows');
  }
  checkFields(plan, ['windows'], 'plan.');
  if (!Array.isArray(plan.windows)) {
    refuse('plan.windows', 'must be a list of windows');
  }
  for (i = 0; i < plan.windows.length; i += 1) {
    packWindow(plan.windows[i], 'plan.windows[' + i + '].', bytes);
    if (bytes.length > LONGEST_DOWNLINK) {
      refuse('plan.windows', 'only ' + i + ' of them fit');
    }
  }
}

/* ---- Time zones: seconds east of UTC, and the rules of the switches ---- */

/* At most nine groups: a small engine (MuJS) has no more. */
var NAME = '(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
var OFFSET = '([+-]?)(\\d{1,3})(?::([0-5]\\d)(?::([0-5]\\d))?)?';
var ZONE = new RegExp('^' + NAME + OFFSET + '(?:(' + NAME + ')(?:' + OFFSET + ')?)?$');
var RULE = new RegExp('^(?:M(\\d{1,2})\\.(\\d)\\.(\\d)|(J?)(\\d{1,3}))(?:/' + OFFSET + ')?$');

/* found holds sign, hours, minutes, seconds from place on. */
function seconds(found, place, mostHours) {
  var value = found[place + 1] * 3600 + (found[place + 2] || 0) * 60 + (found[place + 3] || 0) * 1;
  if (found[place + 1] > mostHours) {
    refuse('timezone', 'has more than ' + mostHours + ' hours');
  }
  return found[place] === '-' ? -value : value;
}

/* Month in the upper four bits, week and day below; month 13: day 1 to 365 without 29 February; 14: day 0 to 365. */
function packRule(text, bytes) {
  var found = RULE.exec(text);
  var time;
  var code = -1;
  if (found !== null && found[1]) {
    code = isInteger(+found[1], 1, 12) && isInteger(+found[2], 1, 5) && +found[3] < 7 ? (found[1] << 9) | (found[2] << 3) | found[3] : -1;
  } else if (found !== null && isInteger(+found[5], found[4] ? 1 : 0, 365)) {
    code = ((found[4] ? 13 : 14) << 9) | found[5];
  }
  if (code < 0) {
    refuse('timezone', 'has a rule that is none: ' + text.slice(0, 20));
  }
  time = found[7] === undefined || found[7] === '' ? 7200 : seconds(found, 6, 167);
  push(bytes, 2, code);
  push(bytes, 3, time & 0xffffff);
}

function packTimezone(data, bytes) {
  var parts = typeof data.timezone === 'string' ? data.timezone.split(',') : [''];
  var zone = ZONE.exec(parts[0]);
  var standard;
  if (zone === null || !(parts.length === 1 || (parts.length === 3 && zone[5]))) {
    refuse('timezone', 'must be a POSIX TZ string, as in AEST-10AEDT,M10.1.0,M4.1.0/3');
  }
  standard = -seconds(zone, 1, 24);
  push(bytes, 3, standard & 0xffffff);
  if (zone[5]) {
    push(bytes, 3, (zone[7] ? -seconds(zone, 6, 24) : standard + 3600) & 0xffffff);
    parts = parts.length === 3 ? parts : ['', 'M3.2.0', 'M11.1.0'];
    packRule(parts[1], bytes);
    packRule(parts[2], bytes);
  }
}

function durationText(value, colon) {
  var left = Math.abs(value);
  var hours = Math.floor(left / 3600);
  var text = colon ? '' + hours : two(hours);
  if (left % 3600) {
    text += colon + two(Math.floor(left / 60) % 60) + (left % 60 ? colon + two(left % 60) : '');
  }
  return text;
}

function zoneName(east) {
  return '<' + (east < 0 ? '-' : '+') + durationText(east, '') + '>';
}

function zoneOffset(east) {
  return (east > 0 ? '-' : '') + durationText(east, ':');
}

function zoneText(bytes, at) {
  var standard = readSigned(bytes, at, 3);
  var summer = bytes.length > at + 3 ? readSigned(bytes, at + 3, 3) : null;
  var text = zoneName(standard) + zoneOffset(standard);
  if (summer !== null) {
    text += zoneName(summer) + (summer === standard + 3600 ? '' : zoneOffset(summer));
  }
  return text;
}

function ruleText(bytes, at) {
  var code = read(bytes, at, 2);
  var time = readSigned(bytes, at + 2, 3);
  var text = 'M' + (code >> 9) + '.' + ((code >> 3) & 7) + '.' + (code & 7);
  if (code >> 9 > 12) {
    text = (code >> 9 === 13 ? 'J' : '') + (code & 511);
  }
  return text + (time === 7200 ? '' : '/' + (time < 0 ? '-' : '') + durationText(time, ':'));
}

function readTimezone(bytes, at) {
  var text = zoneText(bytes, at);
  return bytes.length > at + 3 ? text + ',' + ruleText(bytes, at + 6) + ',' + ruleText(bytes, at + 11) : text;
}

/* ---- Settings ---- */

function settingByte(row, value) {
  var place = row[1].indexOf(value);
  var must = row[1].slice();
  if (place >= 0) {
    return place;
  }
  if (row[2] !== null && isInteger(value, row[2], row[3])) {
    return row[1].length + value - row[2];
  }
  if (row[2] !== null) {
    must.push(row[2] + ' to ' + row[3]);
  }
  return refuse('settings.' + row[0], 'must be one of ' + must.map(String).join(', '));
}

function packSettings(data, bytes) {
  var given = data.settings;
  var names = [];
  var i;
  if (!isPlain(given)) {
    refuse('settings', 'must be an object');
  }
  for (i = 0; i < SETTINGS.length; i += 1) {
    names.push(SETTINGS[i][0]);
    if (has(given, SETTINGS[i][0])) {
      bytes.push(i, settingByte(SETTINGS[i], given[SETTINGS[i][0]]));
    }
  }
  checkFields(given, names, 'settings.');
  if (bytes.length === HEADER_LENGTH) {
    refuse('settings', 'has none');
  }
}

function readSettings(bytes, start) {
  var found = {};
  var row;
  var at;
  var number;
  for (at = start; at + 2 <= bytes.length && bytes[at] < SETTINGS.length; at += 2) {
    row = SETTINGS[bytes[at]];
    number = row[2] + bytes[at + 1] - row[1].length;
    if (bytes[at + 1] < row[1].length) {
      found[row[0]] = row[1][bytes[at + 1]];
    } else if (row[2] !== null && number <= row[3]) {
      found[row[0]] = number;
    }
  }
  return found;
}

/* ---- Targets. Quarter n back from the end: bit n - 1 of eight bytes, the last byte lowest. ---- */

function packTarget(data, bytes) {
  var target = data.target;
  var bits = [0, 0, 0, 0, 0, 0, 0, 0];
  var i;
  if (!isPlain(target)) {
    refuse('target', 'must be an object');
  }
  checkFields(target, ['until', 'kwh', 'current_a', 'quarters'], 'target.');
  push(bytes, 2, timeField(target, 'until', 'target.'));
  push(bytes, 2, has(target, 'kwh') ? stepsField(target, 'kwh', 'target.', BOOST_KWH) : 0);
  bytes.push(has(target, 'current_a') ? stepsField(target, 'current_a', 'target.', AMPERES) : 0);
  if (!Array.isArray(target.quarters)) {
    refuse('target.quarters', has(target, 'quarters') ? 'must be a list' : 'is missing');
  }
  for (i = 0; i < target.quarters.length; i += 1) {
    if (!isInteger(target.quarters[i], 1, 64)) {
      refuse('target.quarters', 'must be integers from 1 to 64');
    }
    bits[7 - ((target.quarters[i] - 1) >> 3)] |= 1 << ((target.quarters[i] - 1) & 7);
  }
  bytes.push.apply(bytes, bits);
}

function readQuarters(bytes, at) {
  var quarters = [];
  var n;
  for (n = 0; n < 64; n += 1) {
    if (bytes[at + 7 - (n >> 3)] & (1 << (n & 7))) {
      quarters.push(n + 1);
    }
  }
  return quarters;
}

function readTarget(bytes) {
  var target = { until: timeText(read(bytes, 8, 2)), quarters: readQuarters(bytes, 13) };
  if (read(bytes, 10, 2)) {
    target.kwh = read(bytes, 10, 2) / BOOST_KWH.perUnit;
  }
  if (bytes[12]) {
    target.current_a = bytes[12] / AMPERES.perUnit;
  }
  return target;
}

/* ---- Commands ---- */

function nothing() {}

function packCurrent(data, bytes) {
  bytes.push(stepsField(data, 'current_a', '', AMPERES));
}

function packMaybeCurrent(data, bytes) {
  if (has(data, 'current_a')) {
    packCurrent(data, bytes);
  }
}

function currentReader(place) {
  return function (bytes, data) {
    if (bytes.length > place) {
      data.current_a = bytes[place] / AMPERES.perUnit;
    }
  };
}

function packBoost(data, bytes) {
  if (has(data, 'until') && has(data, 'kwh')) {
    refuse('kwh', 'cannot stand beside until');
  }
  if (has(data, 'until')) {
    bytes.push(1);
    push(bytes, 2, timeField(data, 'until', ''));
  } else if (has(data, 'kwh')) {
    bytes.push(2);
    push(bytes, 2, stepsField(data, 'kwh', '', BOOST_KWH));
  } else {
    bytes.push(3, 0, 0);
  }
  packMaybeCurrent(data, bytes);
}

function readBoost(bytes, data) {
  var value = read(bytes, 9, 2);
  if (bytes[8] === 1) {
    data.until = timeText(value);
  } else if (bytes[8] === 2) {
    data.kwh = value / BOOST_KWH.perUnit;
  }
  currentReader(11)(bytes, data);
}

function wordArgument(name, words) {
  return {
    fields: [name],
    pack: function (data, bytes) {
      var place = has(data, name) ? words.indexOf(data[name]) : 0;
      bytes.push(place < 0 ? refuse(name, 'must be one of ' + words.join(', ')) : place);
    },
    read: function (bytes, data) {
      data[name] = words[bytes[8]];
    }
  };
}

/* For sessions also the number to begin with. */
function packReport(data, bytes) {
  WHAT.pack(data, bytes);
  if (data.what === 'sessions') {
    bytes.push(integerField(data, 'from', 0, 127));
  } else if (has(data, 'from')) {
    refuse('from', 'is for sessions only');
  }
}

function readReport(bytes, data) {
  WHAT.read(bytes, data);
  if (bytes.length > 9) {
    data.from = bytes[9];
  }
}

/* What a command takes beside the header, how it is packed and how it is read. */
var WHAT = wordArgument('what', REPORTS);
var NOTHING = { fields: [], pack: nothing, read: nothing };
var ARGUMENTS = {
  lock: NOTHING,
  unlock: NOTHING,
  reset: NOTHING,
  start: { fields: ['current_a'], pack: packMaybeCurrent, read: currentReader(8) },
  stop: NOTHING,
  set_current: { fields: ['current_a'], pack: packCurrent, read: currentReader(8) },
  boost: { fields: ['until', 'kwh', 'current_a'], pack: packBoost, read: readBoost },
  skip: wordArgument('window', SKIPS),
  resume_plan: NOTHING,
  report: { fields: ['what', 'from'], pack: packReport, read: readReport },
  reboot: NOTHING
};

/* ---- Downlinks: fPort 20 ---- */

var HEADER = ['id', 'issued_at', 'expires_in_s'];
var HEADER_LENGTH = 8;
var LONGEST_DOWNLINK = 36;
var LATEST = 4294967295;

function header(operation, data, id, expiresIn) {
  var bytes = [COMMANDS.indexOf(operation)];
  bytes.push(integerField(data, 'id', 0, 255, id));
  push(bytes, 4, integerField(data, 'issued_at', 0, LATEST, Math.floor(Date.now() / 1000)));
  push(bytes, 2, integerField(data, 'expires_in_s', 0, 65535, expiresIn));
  return bytes;
}

function encodeCommand(data) {
  var row = typeof data.command === 'string' && has(ARGUMENTS, data.command) ? ARGUMENTS[data.command] : null;
  var bytes;
  if (row === null) {
    refuse('command', 'must be one of ' + COMMANDS.slice(1, 12).join(', '));
  }
  checkFields(data, ['command'].concat(HEADER, row.fields), '');
  bytes = header(data.command, data, undefined, 600);
  row.pack(data, bytes);
  return { bytes: bytes, fPort: 20 };
}

/* Plan, time zone, settings and target: an id is not needed, and they are good for long. */
function orderEncoder(name, pack) {
  return function (data) {
    var bytes = header(name, data, 0, 65535);
    pack(data, bytes);
    return { bytes: bytes, fPort: 20 };
  };
}

function encodeTime(data) {
  var bytes = [COMMANDS.indexOf('time')];
  push(bytes, 4, integerField(data, 'time', 0, LATEST));
  return { bytes: bytes, fPort: 20 };
}

function readRequest(name, bytes) {
  var data = {};
  if (name === 'time') {
    return { time: read(bytes, 1, 4) };
  }
  if (has(ARGUMENTS, name)) {
    data.command = name;
    ARGUMENTS[name].read(bytes, data);
  } else if (name === 'plan') {
    data.plan = { windows: readWindows(bytes, HEADER_LENGTH) };
  } else if (name === 'timezone') {
    data.timezone = readTimezone(bytes, HEADER_LENGTH);
  } else if (name === 'target') {
    data.target = readTarget(bytes);
  } else {
    data.settings = readSettings(bytes, HEADER_LENGTH);
  }
  data.id = bytes[1];
  data.issued_at = read(bytes, 2, 4);
  data.expires_in_s = read(bytes, 6, 2);
  return data;
}

/* What encodes to these very bytes is what they mean; bytes that nothing encodes to mean nothing. */
function decodeRequest(bytes) {
  var name = COMMANDS[bytes[0]];
  var data = name && bytes.length >= (name === 'time' ? 5 : HEADER_LENGTH) ? readRequest(name, bytes) : null;
  var again = data ? guarded(encodeBy, REQUESTS, { data: data }).bytes : null;
  return again && again.join() === bytes.join() ? data : null;
}

/* Clock synchronisation, TS003: what the network asks and answers. Little endian. */
function decodeClockDownlink(bytes) {
  var data = { type: 'clock' };
  if (bytes[0] !== 1 || bytes.length < 6) {
    return null;
  }
  data.time_correction_s = bytes[1] + bytes[2] * 256 + bytes[3] * 65536 + (bytes[4] << 24);
  data.token = bytes[5] & 15;
  return data;
}

var DOWNLINKS = [
  { fPort: 1, header: null, fewest: 1, most: 1, decode: decodeMode },
  { fPort: 2, header: null, fewest: 1, most: 1, decode: decodeMode },
  { fPort: 20, header: null, fewest: 1, most: LONGEST_DOWNLINK, decode: decodeRequest },
  { fPort: 202, header: null, fewest: 1, most: 255, decode: decodeClockDownlink }
];

/* The field that makes the request, the fields that may stand beside it (null: the function sees to that), function. */
var REQUESTS = [
  { field: 'mode', beside: [], encode: encodeMode },
  { field: 'command', beside: null, encode: encodeCommand },
  { field: 'plan', beside: HEADER, encode: orderEncoder('plan', packPlan) },
  { field: 'timezone', beside: HEADER, encode: orderEncoder('timezone', packTimezone) },
  { field: 'settings', beside: HEADER, encode: orderEncoder('settings', packSettings) },
  { field: 'target', beside: HEADER, encode: orderEncoder('target', packTarget) },
  { field: 'time', beside: [], encode: encodeTime }
];

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
  data = row.decode(Array.prototype.slice.call(input.bytes));
  return data === null ? fail('bytes: no such command') : { data: data };
}

/* The first field of data that neither makes the request nor belongs to it, or null. */
function strayField(data, row) {
  var name;
  for (name in data) {
    if (has(data, name) && (row === null || (row.beside !== null && name !== row.field && row.beside.indexOf(name) < 0))) {
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
  if (!isPlain(data)) {
    return fail('data: must be an object');
  }
  for (i = 0; i < rows.length && row === null; i += 1) {
    row = has(data, rows[i].field) ? rows[i] : null;
  }
  stray = strayField(data, row);
  if (stray !== null) {
    return fail(stray.slice(0, 40) + ': is not known here');
  }
  return row === null ? fail('command: is missing') : row.encode(data);
}

/* Input that fights back (a property that throws) is bad input too. */
function guarded(work, rows, input) {
  try {
    return work(rows, input);
  } catch (error) {
    return fail(error instanceof Refusal ? error.text : 'input: cannot be read');
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
