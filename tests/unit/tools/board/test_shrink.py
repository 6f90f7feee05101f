"""tools.board.shrink: what it removes, what it keeps, and that the rest behaves the same."""
import ast
import os
import pathlib
import subprocess
import sys
import types

import pytest
from tools.board import footprint
from tools.board import shrink

ROOT = pathlib.Path(__file__).resolve().parents[4]


def small(**texts):
    """Texts by module name (a__b for a.b), made small: the same names."""
    made = shrink.shrink({name.replace("__", "/") + ".py": text for name, text in texts.items()})
    return {shrink.module_name(path).replace(".", "__"): text for path, text in made.items()}


def run(texts):
    """The namespace of main after it was imported with the others."""
    packages = {name.split("__")[0] for name in texts if "__" in name}
    made = {name: types.ModuleType(name) for name in packages}
    for name in made:
        made[name].__path__ = []
    before = dict(sys.modules)
    sys.modules.update(made)
    try:
        left = [name for name in texts if name != "main"] + ["main"]
        for name in left:
            module = types.ModuleType(name.replace("__", "."))
            sys.modules[module.__name__] = module
            if "__" in name:
                setattr(made[name.split("__")[0]], name.split("__")[1], module)
            exec(compile(texts[name], name, "exec"), vars(module))
        return vars(module)
    finally:
        for name in set(sys.modules) - set(before):
            del sys.modules[name]
        sys.modules.update(before)


def test_constants_are_computed_and_put_where_they_are_used():
    made = small(
        app__words="WORDS = ('no', 'yes', 'perhaps')\nA, B = range(2)\n\n\ndef of(word):\n    return WORDS.index(word)\n",
        main="from app import words\nfrom app.words import B, of\n_C = 3 * 60 + B\n_D, _E = [words.WORDS.index(w) for w in ('yes', 'no')]\n\n\n"
             "def run():\n    return _C, _D, _E, of('perhaps'), words.A, len(words.WORDS)\n")
    assert made == {"main": "def run():\n    return (181, 1, 0, 2, 0, 3)\n"}


def test_a_name_that_is_not_always_the_constant_is_left():
    made = small(main="LEVEL = 1\n_N = 5\n\n\ndef run(_N):\n    global LEVEL\n    LEVEL += _N\n    return LEVEL\n")
    assert run(made)["run"](3) == 4


def test_what_nobody_refers_to_goes():
    made = small(
        app__one="import gc\n'''doc'''\n\n\nclass Used:\n    '''doc'''\n    def told(self):\n        return self.helper()\n    def helper(self):\n"
                 "        for number in (7, 8):\n            return number\n"
                 "    def never(self):\n        return self.never()\n\n\nclass Unused:\n    pass\n",
        app__two="def nobody():\n    pass\n",
        main="from app.one import Used\nfrom app.two import nobody\n\n\ndef run(x: int) -> int:\n    return Used().told()\n")
    assert set(made) == {"app__one", "main"} and run(made)["run"](0) == 7
    names = [node.name for node in ast.walk(ast.parse(made["app__one"])) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert len(names) == 2 and "gc" not in made["app__one"] and "doc" not in made["app__one"] and "int" not in made["main"]


def test_what_is_kept_and_never_read_goes():
    made = small(main="class Meter:\n    def __init__(self, box):\n        self.total_wh = self.spare_wh = 0\n        self.box = box\n"
                      "        self.turns = 0\n\n"
                      "    def add(self, energy_wh):\n        self.total_wh += energy_wh\n        self.turns += 1\n        self.box.seen = 5\n"
                      "        self.last = self.next()\n\n    def next(self):\n        for number in self.box:\n            return number\n\n\n"
                      "def run():\n    meter = Meter([])\n    meter.add(7)\n    return meter.total_wh, meter.box\n")
    assert run(made)["run"]() == (7, []) and made["main"].count("+= 1") == 0 and made["main"].count("= 0") == 1


def test_a_method_in_a_table_of_its_class_stays():
    made = small(main="class Machine:\n    def go_on(self):\n        return 5\n    steps = {1: go_on}\n\n\n"
                      "def run():\n    return Machine.steps[1](Machine())\n")
    assert run(made)["run"]() == 5


def test_words_that_the_outside_knows_stay():
    made = small(
        hal__contract="class Bus:\n    def transmit(self, frame):\n        pass\n",
        main="import struct\n\n\nclass Own:\n    speed_hint = 3\n    def unpack(self):\n        return getattr(self, 'speed_hint')\n\n\n"
             "def run(bus):\n    bus.transmit(struct.unpack('>H', b'12')[0])\n    return Own().unpack()\n")
    sent = []
    assert run(made)["run"](types.SimpleNamespace(transmit=sent.append)) == 3 and sent == [0x3132]


def test_locals_arguments_and_inner_functions_do_not_meet():
    text = """
class Counter:
    def __init__(self, start, *, step_size=2):
        self.total_count = start
        self.step_size = step_size

    def many(self, count, b=1):
        a = count + b
        squares = [self.total_count + number * a for number in range(count)]
        add = lambda other, count=a: other + count + self.total_count + a
        for count in squares:
            a += add(count)
        def inner(self):
            nonlocal a
            a += self
            return a
        return inner(count), a, squares


def run(start):
    counter = Counter(start, step_size=5)
    try:
        raise ValueError(counter.step_size)
    except ValueError as error:
        start += error.args[0]
    return counter.many(3), start
"""
    plain = run({"main": text})["run"](4)
    made = small(main=text)
    assert run(made)["run"](4) == plain
    assert "total_count" not in made["main"] and "step_size" not in made["main"]


def test_two_modules_may_call_different_things_by_one_name():
    texts = {
        "app__one": "limit_value = [1]\n\n\ndef reading_of(x):\n    return limit_value + [x]\n",
        "app__two": "limit_value = [2]\n\n\ndef reading_of(x):\n    return [x] + limit_value\n",
        "main": "from app import one\nfrom app.two import limit_value as second, reading_of\nlimit_value = []\n\n\n"
                "def run():\n    return one.reading_of(9), reading_of(8), second, one.limit_value, limit_value\n",
    }
    assert run(small(**texts))["run"]() == ([1, 9], [8, 2], [2], [1], [])


def made_twice(folder):
    """The sources in that folder of the firmware, and what is made of them here and in a process with other hashes, and so other orders of sets."""
    sources = {path: text for path, text in footprint.sources().items() if path.startswith(folder)}
    script = ("import sys; from tools.board import footprint, shrink; folder = sys.argv[1]; print(repr(sorted(shrink.shrink("
              "{path: text for path, text in footprint.sources().items() if path.startswith(folder)}).items())))")
    environment = dict(os.environ, PYTHONHASHSEED="7")
    printed = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    return sources, shrink.shrink(sources), printed


def test_attributes_of_two_classes_share_a_word_and_those_of_one_object_do_not():
    text = """
class Left:
    def __init__(self):
        self.left_count = [1]

    def left_sum(self):
        self.left_count += [9]
        return self.left_count


class Right:
    def __init__(self):
        self.right_count, self.other_count = [2], [3]

    def right_sum(self):
        self.right_count += [8]
        return self.right_count + self.other_count


class Both:
    def __init__(self, under):
        self._under = under

    def __getattr__(self, name):
        return getattr(self._under, name)


def run():
    left, right = Left(), Right()
    right.other_count = [4]
    both = Both(Both(right))
    return left.left_sum() + right.right_sum() + both.other_count + both.right_sum()
"""
    made = small(main=text)
    words = {node.attr for node in ast.walk(ast.parse(made["main"])) if isinstance(node, ast.Attribute)}
    assert run(made)["run"]() == [1, 9, 2, 8, 4, 4, 2, 8, 8, 4]
    assert len(words) == 4 and not words & {"left_count", "right_count", "_under"}


def test_a_word_stays_that_getattr_may_mean():
    made = small(main="class Settings:\n    def __init__(self):\n        self.REGION = 1\n        self.spare_hint = 2\n"
                      "        self.plan_text = 3\n\n\n"
                      "def run(name='region'):\n    one = Settings()\n    what = ['plan_text', 'REGION']\n"
                      "    return getattr(one, name.upper()), hasattr(one, 'spare_hint'), one.plan_text, what\n")
    assert run(made)["run"]() == (1, True, 3, ["plan_text", "REGION"])
    assert "self.plan_text" not in made["main"] and ".plan_text" not in made["main"] and ".spare_hint" in made["main"]


def test_what_is_imported_under_its_own_name_has_a_short_one_there():
    texts = {
        "hal__contract": "class HalError(Exception):\n    pass\n",
        "app__words": "import struct\nfrom hal.contract import HalError\n\n\ndef packed(number):\n    if number < 0:\n"
                      "        raise HalError(struct.pack('>H', -number))\n",
        "main": "from app import words\nfrom app.words import HalError\n\n\ndef run(number):\n    try:\n        words.packed(number)\n"
                "    except HalError as error:\n        return error.args\n",
    }
    made = small(**texts)
    assert run({name: made[name] for name in texts})["run"](-258) == (b"\1\2",)
    assert made["app__words"].count("HalError") == 1 and made["app__words"].count("struct") == 1 and made["main"].count("words") == 2


def test_a_short_function_stands_where_it_is_called():
    text = """
LIMITS = [3, 4]


def _first(limits, spare):
    return limits[0] + spare


class Box:
    def __init__(self, under):
        self.under = under
        self._code = 5

    @property
    def code(self):
        return self._code

    def is_over(self, limit):
        return self.under is not None and self.under.code + limit > LIMITS[1]


def run(limit):
    box = Box(Box(None))
    return _first(LIMITS, 7), box.is_over(limit), box.under.is_over(limit), box.code
"""
    made = small(main=text)
    names = {node.name for node in ast.walk(ast.parse(made["main"])) if isinstance(node, ast.FunctionDef)}
    assert run(made)["run"](2) == (10, True, False, 5) and len(names - {"__init__", "run"}) == 0


def test_a_short_function_stays_where_its_expression_would_not_mean_the_same():
    text = """
LIMITS = [3]


def _limit(number):
    return LIMITS[0] + number


def _table(number):
    return number + 1


class Box:
    def code(self):
        return LIMITS[0]


class Panel:
    def code(self):
        return 9


def next_one(numbers):
    numbers[0] += 1
    return numbers[0]


def _twice(number):
    return number * number


def run(LIMITS):
    return _limit(LIMITS), [_table][0](2), Box().code(), Panel().code(), _twice(next_one([3]))
"""
    made = small(main=text)
    names = [node.name for node in ast.walk(ast.parse(made["main"])) if isinstance(node, ast.FunctionDef)]
    assert run(made)["run"](2) == (5, 3, 3, 9, 16) and len(names) == 7


def functions(text):
    return [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]


def test_a_function_that_is_called_in_one_place_stands_there():
    text = """
LIMITS = [3, 4]


def _sum(numbers, more=2):
    total = more
    for number in numbers:
        total += number
    return total


class Box:
    def __init__(self, numbers):
        self.numbers = numbers
        self._load(LIMITS, total=7)

    def _load(self, limits, total):
        self.most = max(limits)
        self.total = total
        total += 1

    def _add(self, number):
        self.numbers.append(number)
        self.most += 1
        return number * 2

    def _judge(self, number):
        if number > 9:
            return 'over'
        for one in self.numbers:
            if one == number:
                return 'known'

    def _close(self, number):
        if number > 9:
            return
        self.most = None

    def step(self, number, total):
        twice = 0
        if number:
            twice = self._add(number + 1)
        total += twice
        if number == 5:
            self._close(total)
            return
        return self._judge(total)


def run(number):
    box = Box([1, 2])
    said = [box.step(number, 3), box.step(0, 2), box.most]
    total = _sum(box.numbers)
    return said, total, box.total
"""
    made = small(main=text)
    for number in (1, 4, 5):
        assert run(made)["run"](number) == run({"main": text})["run"](number)
    assert len(functions(made["main"])) == 3


@pytest.mark.parametrize("call", [
    "return 1 + self._one(number)",                      # not a statement of its own
    "if number:\n            self._early(number)\n        self.seen = 1\n        return 0",    # it would end the caller
    "self._one(number)\n        return self._one(number)",
    "return [self._one][0](number)",
    "return self._shown(number)",                        # its list has a scope of its own
    "_offset = number\n        return self._near(_offset)",
    "return self._given(*[number])",
])
def test_a_function_stays_where_its_body_would_not_mean_the_same(call):
    text = f"""
_offset = [5]


class Box:
    seen = 0

    def _one(self, number):
        self.seen += 1
        return number + self.seen

    def _early(self, number):
        for _ in range(number):
            return
        self.seen += 2

    def _shown(self, number):
        return sum([one * number for one in (1, self.seen)])

    def _near(self, number):
        self.seen = number
        return _offset[0] + self.seen

    def _given(self, number):
        self.seen = number
        return number

    def step(self, number):
        {call}


def run(number):
    box = Box()
    return [box.step(number), box.step(number), box.seen]
"""
    made = small(main=text)
    assert run(made)["run"](3) == run({"main": text})["run"](3) and len(functions(made["main"])) == 3


def test_a_method_of_another_object_and_a_call_within_a_statement_are_put_in_their_place():
    text = """
class Log:
    def __init__(self):
        self.lines = []
        self.last = None
    def note(self, line, times):
        if not times:
            return
        self.last = line
        for _ in range(times):
            self.lines.append(line)
    def known(self, line):
        if line in self.lines:
            return 'known'
        if self.last is None:
            return 'empty'
        else:
            if line > self.last:
                return 'new'
        self.lines.append('old')
    def forget(self):
        self.last = None


class Box:
    def __init__(self, log):
        self.log = log
        self.count = 0
    def _counted(self, by):
        self.count += by
        if self.count > 5:
            return 5
        return self.count
    def step(self, line, times):
        self.log.note(line, times)
        if self._counted(times) > 2 and line:
            self.log.forget()
            return 'cleared'
        elif not line:
            return 'nothing'
        return (self.log.known(line), self.count)


def run(*steps):
    box = Box(Log())
    return [box.step(*step) for step in steps], box.log.lines, box.log.last, box.count
"""
    made = small(main=text)
    for steps in (((2, 1), (3, 0), (1, 0), (2, 0)), ((0, 0), (1, 0), (4, 3)), ((1, 1), (1, 1), (7, 1), (0, 9))):
        assert run(made)["run"](*steps) == run({"main": text})["run"](*steps)
    assert len(functions(made["main"])) == 4


@pytest.mark.parametrize("method", [
    "def note(self):\n        self.fresh = 1\n        return self.fresh",            # its class would not define what it sets
    "def note(self):\n        self.seen = LIMIT[0]\n        return self.seen",         # it needs what its own module has
    "def note(self):\n        for one in (1, self.seen):\n            if one:\n                return one",
])
def test_a_method_of_another_object_stays_where_it_would_not_mean_the_same(method):
    log = f"LIMIT = [1]\n\n\nclass Log:\n    def __init__(self):\n        self.seen = LIMIT\n    {method}\n"
    main = "from log import Log\n\n\ndef run():\n    one = Log()\n    two = one.note()\n    return two\n"
    made = small(log=log, main=main)
    assert run(made)["run"]() == run({"log": log, "main": main})["run"]() and len(functions(made["log"])) == 2


def test_a_function_of_a_class_with_heirs_or_in_a_table_stays():
    made = small(main="""
class Box:
    def step(self):
        return self._code()
    def _code(self):
        self.seen = 1
        return self.seen


class Panel(Box):
    def _code(self):
        self.seen = 2
        return self.seen


class Machine:
    def _go(self):
        self.seen = 3
        return self.seen
    def step(self):
        return self._go()
    steps = (_go,)


def run():
    return Box().step(), Panel().step(), Machine().step(), Machine.steps[0](Machine())
""")
    assert run(made)["run"]() == (1, 2, 3, 3) and len(functions(made["main"])) == 6


def test_a_neighbour_is_imported_by_its_own_name():
    made = small(app="", app__words="WORDS = [1]\n", app__more="from app import words\nfrom app.words import WORDS\nALL = [WORDS, words.WORDS]\n",
                 main="from app import words\nfrom app.more import ALL\n\n\ndef run():\n    return ALL, words.WORDS\n")
    assert made["app__more"].startswith("from . import words") and "from .words import" in made["app__more"] and "from app.more" in made["main"]


def test_a_folder_is_made_small_the_same_way_each_time():
    sources, made, printed = made_twice("modbus/")
    assert len(sources) > 5 and made != sources and printed == repr(sorted(made.items())) + "\n"


@pytest.mark.long
def test_the_firmware_is_made_small_the_same_way_each_time(evidence):
    sources, made, printed = made_twice("")
    assert printed == repr(sorted(made.items())) + "\n"
    characters = [sum(map(len, texts.values())) for texts in (sources, made)]
    evidence("Characters of the LoPy4's source, as written / made small", "%d / %d" % tuple(characters))
    assert characters[1] < characters[0] * 0.5


@pytest.mark.long
def test_the_table_says_what_a_short_name_stands_for():
    table = [line.split() for line in shrink.table(footprint.sources()).splitlines()]
    assert all(len(row) == 3 for row in table)
    # One meaning each: a trace names module and function.
    assert len({(module, short) for module, short, _ in table}) == len(table)
    assert {"Controller", "Reconciler"} <= {long for _, _, long in table} and len(table) > 500


@pytest.mark.parametrize("text, what", [("def run(:\n", "main.py"), ("import app.one\n", "import app.one")])
def test_what_it_does_not_understand_it_says(text, what):
    with pytest.raises(shrink.ShrinkError, match=what):
        shrink.shrink({"main.py": text, "app/one.py": ""})


def test_a_name_that_is_imported_as_two_modules_is_refused():
    with pytest.raises(shrink.ShrinkError, match="modem is imported as two things"):
        small(one="BAUD = 1\n", two="BAUD = 2\n",
              main="def run(which):\n    if which:\n        import one as modem\n    else:\n        import two as modem\n    return modem.BAUD\n")


def test_a_module_that_only_its_neighbour_imports_becomes_a_part_of_it():
    texts = {
        "app__part": "import math\nfrom math import floor\nSTEPS = []\n\n\nclass Base:\n    def rise(self, by):\n        for step in range(by):\n"
                     "            STEPS.append(floor(math.sqrt(step)))\n        return len(STEPS)\n\n\ndef rest(count):\n"
                     "    floor = count - len(STEPS)\n    for step in STEPS:\n        floor += step\n    return floor\n",
        "app__whole": "from math import floor\nfrom app import part\nfrom app.part import rest\nSTEPS = [floor(1.5)]\n\n\nclass Stairs(part.Base):\n"
                      "    def up(self, by):\n        part_STEPS = self.rise(by) + self.rise(by)\n"
                      "        return part_STEPS, len(part.STEPS), rest(by), len(STEPS)\n",
        "main": "from app.whole import Stairs\n\n\ndef run():\n    return Stairs().up(4)\n",
    }
    made = small(**texts)
    assert sorted(made) == ["app__whole", "main"] and made["app__whole"].count("import") == 2
    assert run(made)["run"]() == run(texts)["run"]() == (12, 8, 2, 1)


def test_a_local_that_is_called_as_a_module_of_the_neighbour_stays_a_local():
    texts = {
        "app__clock": "class Clock:\n    def now(self):\n        return 5\n\n    def late(self):\n        return self.now() > 4\n",
        "app__teller": "class Teller:\n    def __init__(self, clock):\n        self.clock = clock\n\n    def tell(self):\n"
                       "        clock = self.clock\n        return clock.now(), clock.late()\n",
        "app__user": "from app import clock\nfrom app.teller import Teller\n\n\ndef made():\n    return Teller(clock.Clock())\n",
        "main": "from app.user import made\nfrom app import clock\n\n\ndef run():\n    return made().tell(), clock.Clock().now()\n",
    }
    made = small(**texts)
    assert sorted(made) == ["app__clock", "app__user", "main"]
    assert run(made)["run"]() == ((5, True), 5)


ONE = "def one(x):\n    return [x] * 3\n"
OF_ONE = "from app.part import one\n\n\ndef of(x):\n    return one(x), one(2)\n"


@pytest.mark.parametrize("part, whole, why", [
    (ONE, "from app import part\n\n\ndef of(x):\n    return [part, part.one(x), part.one(2)]\n", "used as a value"),
    (ONE, "def of(x):\n    from app.part import one\n    return one(x), one(2)\n", "imported by a function"),
    ("def one(x):\n    return sorted(globals()), x\n", OF_ONE, "asks for its module"),
    ("COUNT = 0\n\n\ndef one(x):\n    return COUNT, x\n",
     "from app import part\n\n\ndef of(x):\n    part.COUNT += x\n    return part.one(x), part.one(2)\n", "set from outside"),
])
def test_a_module_whose_place_matters_stays_one(part, whole, why):
    made = small(app__part=part, app__whole=whole, main="from app.whole import of\n\n\ndef run(x):\n    return of(x), of(3)\n")
    assert "app__part" in made, why


def test_a_module_of_another_package_stays_one():
    made = small(other__part=ONE, app__whole=OF_ONE.replace("app", "other"),
                 main="from app.whole import of\n\n\ndef run(x):\n    return of(x), of(3)\n")
    assert sorted(made) == ["app__whole", "main", "other__part"]
