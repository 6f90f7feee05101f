"""docs/hardware.md, docs/lopy4.md and the wiring diagrams agree with the firmware's pins and settings."""
import pathlib
import re
import xml.etree.ElementTree as xml

import config
import pytest
from hal import pins
from sim.lorawan import link_budget
from tests.contract.mainline_rig import PICO
from tools.network.boards import VERSIONS
from tools.docgen import carrier, wiring

ROOT = pathlib.Path(__file__).resolve().parents[3]
MANUAL = (ROOT / "docs" / "hardware.md").read_text()
SVG = "{http://www.w3.org/2000/svg}"


def section(title):
    """The text of a section of the manual."""
    return MANUAL.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text):
    """The cells of each table row in a text."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def box_of(diagram, title):
    return [box for column in diagram.columns for box in column if box.title == title][0]


# --- diagrams


@pytest.mark.parametrize("diagram", wiring.DIAGRAMS, ids=lambda diagram: diagram.name)
def test_the_diagram_in_the_tree_is_what_the_settings_give(diagram):
    assert (ROOT / "docs" / "images" / f"{diagram.name}.svg").read_text() == wiring.draw(diagram), "python -m tools.docgen.wiring draws it anew"
    assert f"images/{diagram.name}.svg" in MANUAL


@pytest.mark.parametrize("diagram", wiring.DIAGRAMS, ids=lambda diagram: diagram.name)
def test_every_wire_goes_from_a_pin_to_a_pin(diagram):
    def pin(column, row, side):
        found = [getattr(box, side)[row - box.first] for box in diagram.columns[column] if 0 <= row - box.first < len(getattr(box, side))]
        return found[0] if found else None

    for wire in diagram.wires:
        assert pin(wire.column, wire.row, "right") and pin(wire.column + 1, wire.row, "left"), wire
    wired = {(wire.column, wire.row) for wire in diagram.wires}
    for number, column in enumerate(diagram.columns):
        for box in column:
            for side, to in (("right", number), ("left", number - 1)):
                assert [name for row, name in enumerate(getattr(box, side), box.first) if name and (to, row) not in wired] == [], box.title


def drawn_width(text):
    """Of a text element, px: the widest sans-serif fonts take 0.66 em a character, bold ones 0.72."""
    return len(text.text) * float(text.get("font-size")) * (0.72 if text.get("font-weight") == "bold" else 0.66)


@pytest.mark.parametrize("diagram", wiring.DIAGRAMS, ids=lambda diagram: diagram.name)
def test_no_text_runs_into_another_or_out_of_the_picture(diagram):
    picture = xml.fromstring(wiring.draw(diagram))
    spans = []
    for text in picture.iter(SVG + "text"):
        width = drawn_width(text)
        left = float(text.get("x")) - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
        assert left >= 0 and left + width <= float(picture.get("width")), text.text
        spans.append((float(text.get("y")), left, left + width, text.text))
    for y, left, right, words in spans:
        for other_y, other_left, other_right, other in spans:
            if words != other and abs(y - other_y) < 11:
                assert right <= other_left or other_right <= left, (words, other)


@pytest.mark.parametrize("diagram", wiring.DIAGRAMS, ids=lambda diagram: diagram.name)
def test_boxes_stand_clear_of_one_another(diagram):
    for column in diagram.columns:
        edges = [(wiring._box_top(box), wiring._box_top(box) + wiring._height(box)) for box in column]
        assert all(above[1] + 10 <= below[0] for above, below in zip(edges, edges[1:], strict=False))


def test_the_lopy4_s_pins_are_those_of_its_hal():
    source = (ROOT / "src" / "hal" / "lopy4.py").read_text()
    tx, rx = re.search(r"pins=\('(P\d+)', '(P\d+)'\)", source).groups()
    enable, led = re.findall(r"machine\.Pin\('(P\d+)'", source)
    assert wiring.LOPY4 == {"tx": tx, "rx": rx, "enable": enable, "led": led}
    table = {row[0].split(" ")[0]: row[1] for row in rows(section("LoPy4"))}
    assert "DI" in table[tx] and "RO" in table[rx] and "DE" in table[enable] and "LED" in table[led]


# --- tables


def test_the_table_of_the_xiao_is_the_settings_as_shipped():
    named = {re.findall(r"`([A-Z_]+)`", row[2])[0]: row[0] for row in rows(section("XIAO ESP32-S3")) if len(row) == 3 and "`" in row[2]}
    assert set(named) == {"BUS_TX_PIN", "BUS_RX_PIN", "BUS_DE_PIN", "RADIO_TX_PIN", "RADIO_RX_PIN", "LIGHT_PIN"}
    for name, words in named.items():
        gpio = getattr(config, name)
        assert f"(GPIO{gpio})" in words
        assert name == "LIGHT_PIN" or words.startswith(wiring.XIAO_ESP32_S3[gpio] + " ")


def test_the_table_of_the_pico_is_what_the_tests_of_the_rp2_run_with():
    table = {row[0].strip("`"): row[1].strip("`") for row in rows(section("Another ESP32, or a Raspberry Pi Pico")) if row[0].startswith("`")}
    assert {name: eval(value, {}) for name, value in table.items()} == PICO


def test_every_pin_setting_is_explained():
    for name in pins.NAMES + ("LIGHT", "BUS_UART", "RADIO_UART"):
        assert f"`{name}`" in MANUAL


def test_the_safety_notice_comes_first_and_the_steps_name_the_electrician():
    assert MANUAL.index("**Safety.**") < MANUAL.index("## ")
    assert "licensed electrician" in MANUAL and "**Electrician.**" in section("Putting it into service")


# --- the LoPy4's traps


def test_every_trap_has_a_test_that_exists():
    named = rows((ROOT / "docs" / "lopy4.md").read_text())[2:]
    tests = set(re.findall(r"^def (test_\w+)", (ROOT / "tests" / "unit" / "hal" / "test_lopy4.py").read_text(), re.MULTILINE))
    for trap, _, test in named:
        cited = re.findall(r"`([^`]+)`", test)
        assert cited, trap
        assert all(name in tests or (ROOT / name).exists() for name in cited), (trap, cited)
    assert len(named) >= 25


def test_a_lopy4_is_registered_with_the_lorawan_that_it_speaks():
    assert VERSIONS["lopy4"].mac == "1.0.2"


# --- the XIAO on its board


def test_the_drawing_of_the_carrier_is_what_the_settings_give():
    assert carrier.PATH.read_text() == carrier.draw(), "python -m tools.docgen.carrier draws it again"
    assert f"images/{carrier.PATH.name}" in MANUAL


def test_the_drawing_and_the_page_name_the_same_free_pads():
    assert carrier.free() == ["D0", "D1", "D3", "D8"]
    assert "Free for something of yours: " + ", ".join(carrier.free()) + "." in MANUAL
    drawn = [text.text for text in xml.fromstring(carrier.draw()).iter(f"{SVG}text")]
    assert set(carrier.LEFT + carrier.RIGHT) <= set(drawn) and drawn.count("free") == len(carrier.free())


def test_all_words_of_the_drawing_stay_inside_it():
    for text in xml.fromstring(carrier.draw()).iter(f"{SVG}text"):
        width = drawn_width(text) if text.text else 0
        left = float(text.get("x")) - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
        assert 0 < left and left + width < carrier.WIDTH, text.text


def test_wire_colours_are_those_of_the_standards():
    """TIA-568: the two differ in which pairs are green and orange, and in nothing else."""
    colours = {}
    for cells in rows(section("The box's side")):
        if len(cells) == 4 and re.match(r"\d", cells[0]):
            for contact, a, b in zip(cells[0].split(", "), cells[2].split(", "), cells[3].split(", ")):
                colours[int(contact)] = (a, b)
    t568b = {1: "white-orange", 2: "orange", 3: "white-green", 4: "blue", 5: "white-blue", 6: "green", 7: "white-brown", 8: "brown"}
    exchanged = {"orange": "green", "green": "orange"}
    assert {contact: b for contact, (_, b) in colours.items()} == t568b
    for contact, (a, b) in colours.items():
        pair = b.removeprefix("white-")
        assert a == b.replace(pair, exchanged.get(pair, pair)), contact


def test_the_floors_of_the_gateway_page_are_those_of_the_radio():
    page = (ROOT / "docs" / "gateway.md").read_text()
    cells = next(row for row in rows(page) if row[0] == "floor, dB")
    assert [float(cell) for cell in cells[1:]] == [link_budget.FLOOR_DB[sf] for sf in range(7, 13)]
