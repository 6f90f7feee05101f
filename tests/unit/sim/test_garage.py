"""sim/live/garage.py: the page of the simulated garage shows what is so, and its buttons say the words of the terminal."""
import re

import pytest
from fastapi.testclient import TestClient
from sim.live import garage, typed_commands
from tests.support.house import house
from tests.support.played_garage import PlayedGarage
from home.api import app


class SeenGarage(PlayedGarage):
    """With a browser that looks at it."""

    def __init__(self, its):
        super().__init__()
        self.changes = []
        self.run.changed = lambda: self.changes.append(self.run.world.box.code)
        its_app = app.app(its, [self.garage.page])
        self.garage.add_presses(its_app)
        self.browser = TestClient(its_app, base_url="http://127.0.0.1:8080", headers={"Accept": "text/html", "Origin": "http://127.0.0.1:8080"},
                                  follow_redirects=False)

    def page(self, **query):
        return self.browser.get(garage.PATH, params=query).text

    def press(self, line, argument=None):
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.page())[1]
        return self.browser.post(garage.PATH, data={"csrf": csrf, "line": line, **({"argument": argument} if argument else {})})

    def offered(self):
        """What its buttons would say."""
        return re.findall(r'name="line" value="([^"]+)"', self.page())


@pytest.fixture
def played():
    with house() as its:
        made = SeenGarage(its)
        try:
            yield made
        finally:
            made.close()


def test_what_is_pressed_happens_in_the_world_and_is_shown(played):
    box = played.run.world.box
    assert "No car is plugged in." in played.page() and "Nothing was heard yet." in played.page()
    for line, argument, is_so in (
            ("ev", "sleepy", lambda: played.run.next_model == "sleepy"), ("plug", None, lambda: box.vehicle.model == "sleepy"),
            ("key on", None, lambda: box.en1), ("noise 0.02", None, lambda: played.run.world.line.noise_rate == 0.02),
            ("speed 300", None, lambda: played.run.pace.speed == 300), ("fault", "F9", lambda: box.code == "F9"),
            ("clear", None, lambda: box.code != "F9"), ("gateway 3600", None, lambda: "down until" in played.page()),
            ("gateway 0", None, lambda: "down until" not in played.page()), ("power off", None, lambda: "The box has no power." in played.page()),
            ("unplug", None, lambda: box.vehicle is None)):
        answer = played.press(line, argument)
        assert (answer.status_code, answer.headers["location"]) == (303, garage.PATH) and is_so(), line
    assert "F9" in played.changes


@pytest.mark.parametrize("line", ["", "quit", "help", "lock", "send {}", "fault F0", "speed 1e9", "ev <script>", "plug\nquit"])
def test_what_is_no_word_of_the_garage_is_refused_in_a_sentence(played, line):
    answer = played.press(line)
    assert answer.status_code == 400 and "The garage cannot do this" in answer.text and "<script>" not in answer.text.partition("</head>")[2]


@pytest.mark.parametrize("language, words", [("en", "Plug in"), ("de", "Einstecken")])
def test_each_button_is_a_word_of_the_terminal_and_stands_in_both_languages(played, language, words):
    assert words in played.page(lang=language)
    for line in played.offered():
        event, problem = typed_commands.parse(line, garage.WORDS)
        assert event or line in ("ev", "fault"), problem


def test_without_the_form_s_token_nothing_happens(played):
    played.page()
    assert played.browser.post(garage.PATH, data={"line": "plug"}).status_code == 403
    assert played.run.world.box.vehicle is None


def test_a_world_that_has_ended_is_told(played, monkeypatch):
    monkeypatch.setattr(garage, "PATIENCE_S", 0.1)
    played.end()
    assert "The simulated world does not answer." in played.page()
