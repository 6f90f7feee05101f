"""Who may import whom (docs/architecture), checked on the syntax trees of src/ and sim/.

loader -> main; main -> anything in src; app -> modbus, lorawan, hal.contract, config, and inside it APP_ROOMS in their order; modbus,
lorawan -> their own package and hal.contract; hal.<board> -> hal.contract, what boards share, its own second file and vendor modules;
config -> the site's local_config; the models in sim -> hal.contract, its runners also main. Beside that umodbus (modbus alone), and in all but
PLAIN the standard modules that every board has.
"""
import ast
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Modules of Pycom 1.20, mainline MicroPython and CPython alike. collections, io, random, typing, logging ... are not.
STANDARD = {"array", "binascii", "errno", "gc", "hashlib", "json", "math", "micropython", "re", "struct", "sys"}
# Hardware and its time: under src/hal/ and in main.py only.
HARDWARE = {"machine", "network", "pycom", "socket", "time"}

# Packages of the firmware -> prefixes of firmware modules that they may import.
MAY_IMPORT = {
    "main": ("",),
    "app": ("app", "modbus", "lorawan", "hal.contract", "config"),
    "modbus": ("modbus", "hal.contract", "umodbus"),
    "lorawan": ("lorawan", "hal.contract"),
    "hal": ("hal.contract", "hal.board", "hal.store_rules", "hal.ticks", "hal.at_lines", "hal.at_modem", "hal.at_words", "hal.wio_e5",
            "hal.rak3172", "hal.mcu", "hal.modem_recovery", "hal.last_word", "hal.pins"),
    "config": ("local_config",),
    "local_config": (),
    "loader": ("main",),
    "keys_example": (),
    "keys": (),
    "micropython": (),
    "sim": ("sim", "hal.contract"),
}
# Modules of plain data, which import no standard module either.
PLAIN = ("config", "local_config", "keys", "keys_example", "micropython")
# Rooms of app in their order: a module imports its own room and those before it. What stands beside the rooms puts them together and may
# import them all; of it they import the version alone.
APP_ROOMS = ("codec", "runtime", "evse", "policy", "control", "commands", "telemetry")
FIRMWARE = {"main", "app", "modbus", "lorawan", "hal", "config", "local_config", "keys", "umodbus"}
# What builds an application inside the simulated world, instead of modelling a part of that world: it runs the firmware, and of the HAL the
# judgement of Linux about its clock.
SIM_RUNNERS = {"sim/__main__.py", "sim/live/screen.py", "sim/live/run.py", "sim/scenario.py", "sim/world.py"}


def imports(tree, path):
    """Every import in `tree` as (line, dotted module), relative ones resolved; `from a import b` is a.b where that is a module."""
    found = []
    package = ".".join(path.parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(path.parent.parts) - node.level + 1]
                base = ".".join(up + [base] if base else up)
            found += [(node.lineno, f"{base}.{alias.name}" if _is_module(base, alias.name) else base) for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("__import__", "import_module"):
            named = node.args and isinstance(node.args[0], ast.Constant)
            found.append((node.lineno, str(node.args[0].value) if named else "a module chosen at run time"))
    return found


def _is_module(base, name):
    """True if base.name is a file or a package of the firmware, or of umodbus."""
    inside = base.replace(".", "/") + "/" + name
    return any((ROOT / top / (inside + end)).exists() for top in ("src", ".") for end in ("", ".py")) if base else True


def _under(module, prefix):
    return prefix == "" or module == prefix or module.startswith(prefix + ".")


def _own_files(path):
    """Modules of the same board as hal/lopy4.py or hal/lopy4_radio.py: hal.lopy4 and hal.lopy4_*; () outside src/hal/."""
    if path.parts[0] != "hal" or len(path.parts) < 2:
        return ()
    board = path.stem.split("_")[0]
    return tuple("hal." + file.stem for file in (ROOT / "src" / "hal").glob("*.py") if file.stem.split("_")[0] == board)


def order_faults(source, path):
    """(line, what) for each import of a later room of app, or of a module beside the rooms, in the text `source` of the file `path` in one."""
    path = pathlib.PurePosixPath(path)
    if path.parts[0] != "app" or len(path.parts) < 3:
        return []
    room = path.parts[1]
    allowed = set(APP_ROOMS[:APP_ROOMS.index(room) + 1]) | {"version"}
    faults = []
    for line, module in imports(ast.parse(source), path):
        parts = module.split(".")
        if parts[0] == "app" and len(parts) > 1 and parts[1] not in allowed:
            faults.append((line, f"app.{room} may not import {module}"))
    return faults


def import_faults(source, path):
    """(line, what) for each import that breaks the rules, in the text `source` of the file `path` (relative to src/, or sim/...)."""
    path = pathlib.PurePosixPath(path)
    room = path.parts[0].removesuffix(".py")
    tree = ast.parse(source)
    hardware_allowed = room in ("hal", "main", "loader")
    faults = []
    for line, module in imports(tree, path):
        top = module.split(".")[0]
        if room == "sim":
            allowed = MAY_IMPORT["sim"] + (("main", "hal.posix_clock") if str(path) in SIM_RUNNERS else ())
            right = top not in FIRMWARE or any(_under(module, prefix) for prefix in allowed)
        elif top in FIRMWARE or top == "sim":
            right = top != "sim" and any(_under(module, prefix) for prefix in MAY_IMPORT[room] + _own_files(path))
        elif top in HARDWARE:
            right = hardware_allowed
        else:
            right = hardware_allowed or top in STANDARD and room not in PLAIN
        if not right:
            faults.append((line, f"{room} may not import {module}"))
    if room != "sim" and not hardware_allowed:
        faults += [
            (node.lineno, f"{room} may not ask for sys.platform")
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr == "platform" and getattr(node.value, "id", "") == "sys"
        ]
    return faults


def _passes_on(handler):
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def handler_faults(source, path):
    """(line, what) for each `except:` and, outside main.py and loader.py, each `except Exception` in the text `source` of the file `path`.

    One that undoes something and passes on what it caught is no fault.
    """
    faults = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {getattr(kind, "id", "") for kind in kinds}
        if node.type is None:
            faults.append((node.lineno, "a bare except"))
        elif names & {"Exception", "BaseException"} and str(path) not in ("main.py", "loader.py") and not _passes_on(node):
            faults.append((node.lineno, "except Exception outside main.py"))
    return faults
