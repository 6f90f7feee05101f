// Runs one script on MicroPython's WebAssembly build, as `python script` would: node runner.mjs [--mount HOST=INSIDE]... SCRIPT [ARGUMENT]...
// HOST is a folder of this machine (or a file), INSIDE its place in the interpreter's own file system; a copy, so nothing is
// written back. sys.path gets the first part of each INSIDE. The exit code is the script's: 0, what it gave sys.exit(), 1 after an
// exception, 2 for wrong arguments. tools/checks/micropython.py calls this; it puts NODE's module folder into MICROPYTHON
// and the number of an open file, which gets the exit code, into EXIT_CODE_TO.
// Memory is only collected while no script runs: a script that leaves a list LATER of functions has each called after a collection.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const NAME = "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const HEAP_BYTES = 1 << 20; // it grows by itself; this much needs no growing during most scripts
const STACK_WORDS = 1 << 16; // a board's is as large as its RAM allows; calls with a thousand arguments are the tests' own

// Last words of the script, said in Python because SystemExit's argument is an object there and a text here.
const MAIN = `
def run(path, source):
    global names
    names = {'__name__': '__main__', '__file__': path}
    return _ended(lambda: exec(compile(source, path, 'exec'), names))

def is_more():
    return len(names.get('LATER', ())) > 0

def later():
    return _ended(names['LATER'].pop(0))

def _ended(part):
    import sys
    try:
        part()
    except SystemExit as end:
        code = end.args[0] if end.args else None
        if code is None or isinstance(code, int):
            return code or 0
        print(code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.print_exception(error, sys.stderr)
        return 1
    return 0
`;

function fail(text) {
  fs.writeSync(2, `runner.mjs: ${text}\n`);
  process.exit(2);
}

function parse(words) {
  const mounts = [];
  while (words[0] === "--mount") {
    const [host, inside] = (words[1] ?? "").split("=");
    if (!inside?.startsWith("/")) fail("--mount needs HOST=/INSIDE");
    mounts.push([host, inside]);
    words = words.slice(2);
  }
  if (!words.length) fail("which script?");
  return { mounts, script: words[0], argv: words };
}

function copy(host, inside, FS) {
  if (fs.statSync(host).isDirectory()) {
    FS.mkdirTree(inside);
    for (const name of fs.readdirSync(host).sort()) {
      if (name !== "__pycache__") copy(path.join(host, name), `${inside}/${name}`, FS);
    }
  } else {
    FS.mkdirTree(path.posix.dirname(inside));
    FS.writeFile(inside, fs.readFileSync(host));
  }
}

// A write to a pipe may take less than it was given.
function writer(descriptor) {
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(descriptor, bytes, at);
  };
}

const { mounts, script, argv } = parse(process.argv.slice(2));
const { loadMicroPython } = await import(pathToFileURL(path.join(process.env.MICROPYTHON ?? "node_modules", NAME)));
const mp = await loadMicroPython({ heapsize: HEAP_BYTES, pystack: STACK_WORDS, linebuffer: false, stdout: writer(1), stderr: writer(2) });
for (const [host, inside] of mounts) copy(host, inside, mp.FS);
const folders = [...new Set(mounts.map(([, inside]) => "/" + inside.split("/")[1]))];
mp.runPython(`import sys\nsys.path[:] = ${JSON.stringify([".frozen", ...folders])}\nsys.argv[:] = ${JSON.stringify(argv)}`);
mp.runPython(MAIN);
let code = mp.globals.get("run")(script, fs.readFileSync(script, "utf8"));
while (code === 0 && mp.globals.get("is_more")()) {
  // Twice: what the first one finalizes, the second one frees.
  for (let round = 0; round < 2; round++) mp.runPython("import gc\ngc.collect()");
  code = mp.globals.get("later")();
}
const told = process.env.EXIT_CODE_TO; // an open file
if (told) {
  // Node's own end waits for its background compilers, once in thousands of times for ever (nodejs/node#54918).
  fs.writeSync(Number(told), String(code));
  process.kill(process.pid, "SIGKILL");
}
process.exit(code);
