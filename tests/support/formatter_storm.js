// node formatter_storm.js FORMATTER COUNT SEED: calls the three functions COUNT times in all with random inputs, hostile ones among them, and
// prints {calls, decoded, encoded, refused, thrown, holes, slowest_ms, slowest, first_problem} as JSON. A call that seems slow is timed again and
// its best time counts: the machine's other work and the engine's garbage are not the formatter's.
'use strict';
const fs = require('fs');
const vm = require('vm');

const [, , path, countText, seedText] = process.argv;
const count = Number(countText);
let state = (Number(seedText) * 2654435761 + 1) >>> 0;

function random() { // mulberry32
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

const TRIES = 5;
const SUSPECT_MS = 1;
const PORTS = [1, 2, 10, 11, 12, 13, 14, 15, 20, 202];
const HEADS = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 1, 2, 3, 12, 13, 14, 15, 0xa1];
const NAMES = ['mode', 'command', 'id', 'issued_at', 'expires_in_s', 'current_a', 'until', 'kwh', 'what', 'which', 'plan', 'windows', 'days', 'from', 'to',
  'duration_min', 'timezone', 'settings', 'time', 'adr', 'hold', 'data_rate', 'type', 'state', '__proto__', 'constructor', 'toString', 'hasOwnProperty',
  'valueOf', 'length', '', 'é'];
const WORDS = ['Lock Outlet', 'Unlock Outlet', 'Reset Charger', 'start', 'stop', 'lock', 'unlock', 'reset', 'set_current', 'boost', 'skip', 'resume_plan',
  'report', 'reboot', '07:30', '24:00', 'mon-fri', 'mon-wed,sat', 'this', 'plan', 'UTC0', 'AEST-10AEDT,M10.1.0,M4.1.0/3', '<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45',
  'M'.repeat(3000), 'A-'.repeat(2000), ',,,,', '\u0000', '$&', '__proto__'];
const NUMBERS = [0, 1, -1, 6, 16, 16.5, 80, 255, 256, 600, 1e9, 1790000000, 4294967295, 4294967296, 1.5, 1e308, -1e308, 5e-324, NaN, Infinity, -Infinity, -0];
const REQUESTS = [
  () => ({ mode: pick(WORDS) }),
  () => ({ command: pick(WORDS), id: below(256), issued_at: 1790000000, current_a: pick([6, 16, 32.5, 81]), until: pick(WORDS), kwh: pick(NUMBERS) }),
  () => ({ plan: { windows: Array.from({ length: below(9) }, () => ({ days: pick(['mon-fri', 'sat', 'sun-mon', 'x']), from: '22:00', to: '07:00',
    current_a: pick([6, 16, 7.3]) })) } }),
  () => ({ timezone: pick(WORDS) }),
  () => ({ settings: { adr: pick([true, false, 1]), data_rate: pick([null, 0, 6, 7]), hold: pick(['with_car', 'never']) } }),
  () => ({ time: pick(NUMBERS) }),
];
const HOSTILE = [
  () => undefined, () => null, () => true, () => Symbol('s'), () => 10n, () => () => 1, () => new Date(NaN), () => /x/, () => new Error('e'),
  () => Object.create(null), () => new Proxy({}, { get() { throw new Error('trap'); }, has() { throw new Error('trap'); }, ownKeys() { throw new Error('trap'); } }),
  () => ({ get bytes() { throw new Error('getter'); }, get fPort() { throw new Error('getter'); }, get data() { throw new Error('getter'); } }),
  () => { const ring = {}; ring.data = ring; ring.bytes = ring; return ring; },
  () => new Uint8Array(below(300)), () => new Array(below(5000)), () => ({ length: pick([-1, 2 ** 31, 'x', 1e300]) }),
  () => Array.from({ length: below(2000) }, () => below(256)), () => JSON.parse('{"__proto__": {"mode": "Lock Outlet"}}'), () => 'x'.repeat(below(20000)),
];

function value(depth) {
  const kind = random();
  if (kind < 0.3) { return pick(WORDS); }
  if (kind < 0.6) { return pick(NUMBERS); }
  if (kind < 0.7 || depth === 0) { return pick(HOSTILE)(); }
  if (kind < 0.8) { return Array.from({ length: below(4) }, () => value(depth - 1)); }
  const made = {};
  for (let i = below(5); i > 0; i -= 1) {
    Object.defineProperty(made, pick(NAMES), { value: value(depth - 1), enumerable: true, configurable: true, writable: true });
  }
  return made;
}

function bytes(fPort) {
  const found = Array.from({ length: pick([1, 3, 5, 8, 11, 11, below(14), below(60)]) }, () => below(256));
  if ((fPort === 1 || fPort === 2) && random() < 0.8) { found.length = 1; }
  if (found.length && random() < 0.8) { found[0] = PORTS.indexOf(fPort) > 1 && fPort < 16 && random() < 0.8 ? fPort + 6 : pick(HEADS); }
  if (random() < 0.05) { found[below(found.length || 1)] = value(0); }
  return found;
}

function input(routine) {
  if (random() < 0.05) { return value(3); }
  const fPort = random() < 0.9 ? pick(PORTS) : value(1);
  if (routine === 'encodeDownlink') { return { fPort, data: random() < 0.5 ? pick(REQUESTS)() : value(3) }; }
  return { fPort, bytes: random() < 0.95 ? bytes(fPort) : value(2) };
}

function hole(found) { // undefined, NaN and Infinity do not survive JSON
  if (found === undefined || (typeof found === 'number' && !Number.isFinite(found)) || typeof found === 'function') { return true; }
  return typeof found === 'object' && found !== null && Object.keys(found).some((name) => hole(found[name]));
}

vm.runInThisContext(fs.readFileSync(path, 'utf8'));
const routines = [['decodeUplink', decodeUplink], ['encodeDownlink', encodeDownlink], ['decodeDownlink', decodeDownlink]];
const report = { calls: count, decoded: 0, encoded: 0, refused: 0, thrown: 0, holes: 0, slowest_ms: 0, slowest: '', first_problem: null };
const before = Object.getOwnPropertyNames(Object.prototype).length;
for (let i = 0; i < count; i += 1) {
  const [name, routine] = routines[i % 3];
  const given = input(name);
  let output;
  let took = Infinity;
  try {
    for (let tries = 0; tries < TRIES && took > SUSPECT_MS; tries += 1) {
      const start = process.hrtime.bigint();
      output = routine(given);
      took = Math.min(took, Number(process.hrtime.bigint() - start) / 1e6);
    }
  } catch (problem) {
    report.thrown += 1;
    report.first_problem = report.first_problem || `${name}: ${String(problem)}`;
    continue;
  }
  if (took > report.slowest_ms) {
    report.slowest_ms = took;
    report.slowest = name;
  }
  const good = output && !output.errors && (name === 'encodeDownlink' ? Array.isArray(output.bytes) : typeof output.data === 'object');
  const refused = output && Array.isArray(output.errors) && output.errors.length === 1 && typeof output.errors[0] === 'string';
  if (hole(output) || good === refused || (good && name === 'decodeUplink' && typeof output.data.state !== 'string')) {
    report.holes += 1;
    report.first_problem = report.first_problem || `${name}: ${JSON.stringify(output)}`;
  } else {
    report[refused ? 'refused' : name === 'encodeDownlink' ? 'encoded' : 'decoded'] += 1;
  }
}
if (Object.getOwnPropertyNames(Object.prototype).length !== before) { report.first_problem = 'Object.prototype was changed'; }
process.stdout.write(JSON.stringify(report));
