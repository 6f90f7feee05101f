// A board for tests/support/micropython_board.py: MicroPython with its REPL on standard input and output, and a folder of this machine as its flash.
// node flash_board.mjs FOLDER LOG OPTIONS; every change of the flash is a line of LOG; what OPTIONS (JSON) may say stands below.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const NAME = "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const [FOLDER, LOG, words] = process.argv.slice(2);
const OPTIONS = {
  platform: "esp32", // its sys.platform
  version: "1.27.0",
  mpy: 774, // sys.implementation._mpy
  machine: "", // sys.implementation._machine, where there is one
  resetMs: 2, // machine.reset() takes so long, in which a Ctrl-C ends it
  readOnly: false,
  bytes: 1 << 20, // size of the flash
  lies: false, // it says that it is empty, and fills up all the same
  rots: "", // a file that is not kept as it was written
  powerFailsAt: 0, // after so many changes
  cableCutAt: 0, // or the cable is cut, and the board goes on
  watchdogs: 1, // its watchdogs are that much faster than they say
  rawPaste: true, // answers the question for it (no), as mainline does; a LoPy4 does not know the question
  ...JSON.parse(words),
};
const [ENOENT, EEXIST, ENOTDIR, ENOSPC, EROFS] = [2, 17, 20, 28, 30];
const BLOCK = 4096;
const { loadMicroPython } = await import(pathToFileURL(path.join(process.env.MICROPYTHON, NAME)));

let off = false; // reset: nothing of this life is seen any more
let changes = 0;

// Byte by byte is how MicroPython prints; what has come together goes out whenever somebody listens.
let printed = [];
const send = (bytes) => void (off || printed.push(...bytes));
function flush() {
  const bytes = Buffer.from(printed);
  printed = [];
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(1, bytes, at);
}
const say = (text) => send(Buffer.from(text));

// --- flash

const here = (name) => path.join(FOLDER, name);
const stat = (name) => fs.statSync(here(name), { throwIfNoEntry: false });
function used(folder = FOLDER) {
  return fs.readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const full = path.join(folder, entry.name);
    return sum + (entry.isDirectory() ? BLOCK + used(full) : Math.ceil(fs.statSync(full).size / BLOCK) * BLOCK);
  }, 0);
}
const free = () => OPTIONS.bytes - used();

// A change: 0 or an error number. The power may fail once it is done.
function change(line, act) {
  if (off) return 0;
  if (OPTIONS.readOnly) return EROFS;
  const error = act() ?? 0;
  if (!error) {
    fs.appendFileSync(LOG, JSON.stringify(line) + "\n");
    if (++changes === OPTIONS.powerFailsAt) process.exit(9);
    if (changes === OPTIONS.cableCutAt) fs.writeSync(2, "cut");
  }
  return error;
}
const flash = {
  kind: (name) => (stat(name) ? (stat(name).isDirectory() ? "d" : "f") : ""),
  size: (name) => stat(name).size,
  list: (name) => fs.readdirSync(here(name)).sort().join("\n"),
  read: (name) => fs.readFileSync(here(name)).toString("hex"),
  free: () => Math.floor((OPTIONS.lies ? OPTIONS.bytes : free()) / BLOCK),
  blocks: () => OPTIONS.bytes / BLOCK,
  create: (name) => change(["create", name], () => (free() < BLOCK ? ENOSPC : void fs.writeFileSync(here(name), ""))),
  append: (name, hex) =>
    change(["append", name, hex], () => {
      if (free() < hex.length / 2) return ENOSPC;
      fs.appendFileSync(here(name), Buffer.from(hex, "hex").map((byte) => (name === OPTIONS.rots ? byte ^ 1 : byte)));
    }),
  mkdir: (name) => change(["mkdir", name], () => (stat(name) ? EEXIST : void fs.mkdirSync(here(name)))),
  remove: (name) => change(["remove", name], () => void fs.rmSync(here(name))),
  rmdir: (name) => change(["rmdir", name], () => void fs.rmdirSync(here(name))),
  // As on FAT: what has that name already goes first.
  rename: (from, to) => (stat(to) && flash.remove(to)) || change(["rename", from, to], () => void fs.renameSync(here(from), here(to))),
};

const START = `
def _start(flash, board, platform, version, mpy, machine):
    import io, os, sys, time, vfs

    def done(error):
        if error:
            raise OSError(error)

    class File(io.IOBase):
        def __init__(self, name, mode):
            self.name, self.text, self.writes, self.at = name, 'b' not in mode, mode[0] in 'wa', 0
            if mode[0] == 'w':
                done(flash.create(name))
            elif flash.kind(name) != 'f':
                raise OSError(${ENOENT})
            else:
                import binascii
                self.data = binascii.unhexlify(flash.read(name))

        def read(self, count=-1):
            data = self.data[self.at:] if count < 0 else self.data[self.at:self.at + count]
            self.at += len(data)
            return data.decode() if self.text else data

        def readinto(self, buffer):
            data = self.data[self.at:self.at + len(buffer)]
            buffer[:len(data)] = data
            self.at += len(data)
            return len(data)

        def write(self, data):
            import binascii
            data = data.encode() if isinstance(data, str) else bytes(data)
            done(flash.append(self.name, binascii.hexlify(data).decode()))
            return len(data)

        def ioctl(self, request, argument):
            return 0

        def close(self):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    class Flash:
        def mount(self, read_only, make):
            self.here = '/'

        def umount(self):
            pass

        def _name(self, name):
            return name if name[:1] == '/' else self.here + name

        def chdir(self, name):
            self.here = '/'

        def getcwd(self):
            return '/'

        def open(self, name, mode):
            return File(self._name(name), mode)

        def ilistdir(self, name):
            name = self._name(name)
            if flash.kind(name) != 'd':
                raise OSError(${ENOENT})
            for entry in flash.list(name).split('\\n'):
                if entry:
                    kind = flash.kind(name + '/' + entry)
                    yield entry, 0x4000 if kind == 'd' else 0x8000, 0, flash.size(name + '/' + entry)

        def stat(self, name):
            name = self._name(name)
            kind = flash.kind(name)
            if not kind:
                raise OSError(${ENOENT})
            return (0x4000 if kind == 'd' else 0x8000, 0, 0, 0, 0, 0, flash.size(name), 0, 0, 0)

        def statvfs(self, name):
            return (${BLOCK}, ${BLOCK}, flash.blocks(), flash.free(), flash.free(), 0, 0, 0, 0, 255)

        def mkdir(self, name):
            done(flash.mkdir(self._name(name)))

        def remove(self, name):
            if flash.kind(self._name(name)) != 'f':
                raise OSError(${ENOENT})
            done(flash.remove(self._name(name)))

        def rmdir(self, name):
            done(flash.rmdir(self._name(name)))

        def rename(self, old, new):
            done(flash.rename(self._name(old), self._name(new)))

    class Reset(BaseException):
        pass

    class WDT:
        def __init__(self, timeout):
            self.timeout = timeout
            self.feed()

        def feed(self):
            board.feed(self.timeout)

    class Machine:
        def reset():
            if board.reset():
                raise KeyboardInterrupt
            raise Reset

    Machine.WDT = WDT

    def sleep_ms(ms):
        if board.idle(ms):
            raise KeyboardInterrupt

    class Implementation:
        pass

    class Sys:
        pass

    shown = Sys()
    for name in dir(sys):
        setattr(shown, name, getattr(sys, name))
    shown.platform = platform
    shown.implementation = Implementation()
    shown.implementation.name = 'micropython'
    shown.implementation.version = tuple([int(number) for number in version.split('.')])
    if mpy:
        shown.implementation._mpy = mpy
    if machine:
        shown.implementation._machine = machine
    sys.modules['sys'] = shown
    sys.modules['machine'] = Machine
    time.sleep_ms = sleep_ms
    vfs.mount(Flash(), '/')
    os.chdir('/')
    sys.path[:] = ['', '.frozen', '/lib']
`;
const MAIN = `
def _main():
    import sys
    try:
        with open('main.py') as file:
            source = file.read()
    except OSError:
        return
    names = globals()
    names['__name__'] = '__main__'
    try:
        exec(compile(source, 'main.py', 'exec'), names)
    except BaseException as error:
        sys.print_exception(error)
_main()
`;

// --- the port

const buffer = Buffer.alloc(4096);
const pause = new Int32Array(new SharedArrayBuffer(4));
let queue = [];
let bite = Infinity; // when the watchdog will, if it is not fed; a soft reset does not stop it

function hear() {
  flush();
  if (Date.now() > bite) off = true;
  let count;
  try {
    count = fs.readSync(0, buffer);
  } catch (error) {
    if (error.code !== "EAGAIN") throw error;
    return;
  }
  if (!count) process.exit(0);
  queue.push(...buffer.subarray(0, count));
}

const board = {
  feed: (ms) => void (bite = Date.now() + ms / OPTIONS.watchdogs),
  // True if Ctrl-C came before it, and so it does not happen.
  reset() {
    if (board.idle(OPTIONS.resetMs)) return true;
    fs.appendFileSync(LOG + ".resets", ".");
    off = true;
    return false;
  },
  // True if Ctrl-C came meanwhile; all else that a running program is sent is lost.
  idle(ms) {
    for (const end = Date.now() + ms; !off; ) {
      hear();
      const interrupted = queue.includes(3);
      if (interrupted) queue = queue.slice(queue.indexOf(3) + 1);
      else queue = [];
      if (interrupted) return true;
      if (Date.now() >= end) return false;
      Atomics.wait(pause, 0, 0, 2);
    }
    return false;
  },
};

// --- lives

async function life(raw) {
  off = false;
  const mp = await loadMicroPython({ heapsize: 1 << 20, linebuffer: false, stdout: send, stderr: send });
  mp.runPython(START);
  mp.globals.get("_start")(flash, board, OPTIONS.platform, OPTIONS.version, OPTIONS.mpy, OPTIONS.machine);
  if (raw) {
    off = true; // the banner of the friendly prompt
    mp.replInit();
    off = false;
    mp.replProcessChar(1);
  } else {
    mp.runPython(MAIN);
    if (off) return "hard";
    mp.replInit();
  }
  let inRaw = raw;
  let typed = 0;
  for (;;) {
    hear();
    if (!queue.length) Atomics.wait(pause, 0, 0, 2);
    if (off) return "hard";
    while (queue.length) {
      if (inRaw && typed === 0 && queue[0] === 5) {
        while (queue.length < 3) hear();
        queue.splice(0, 3);
        if (OPTIONS.rawPaste) say("R\x00");
        else mp.replProcessChar(1);
        continue;
      }
      const char = queue.shift();
      const soft = char === 4 && typed === 0;
      if (char === 1) inRaw = true;
      if (char === 2) inRaw = false;
      typed = char < 32 && char !== 10 && char !== 9 ? 0 : typed + 1;
      const ended = mp.replProcessChar(char);
      if (off) return "hard";
      if (soft && ended) {
        say("MPY: soft reboot\r\n");
        return inRaw ? "raw" : "soft";
      }
    }
  }
}

for (let end = "hard"; ; ) {
  end = await life(end === "raw");
  if (end === "hard") [queue, bite] = [[], Infinity];
}
