"""Values of the command lines of bridge, discovery and guard: what is taken, and one line for what is not."""
import argparse

import pytest
from home import arguments


@pytest.mark.parametrize("text, value", [
    ("192.168.1.10", ("192.168.1.10", 1883)), ("homeassistant.local:1884", ("homeassistant.local", 1884)), ("[::1]:1884", ("::1", 1884)),
    ("[2001:db8::1]", ("2001:db8::1", 1883)),
])
def test_a_broker_is_a_host_with_or_without_a_port(text, value):
    assert arguments.broker(text) == value


@pytest.mark.parametrize("check, text, words", [
    (arguments.broker, "https://house", "'//house' is no port"),
    (arguments.broker, "house:", "'' is no port"), (arguments.broker, "house:0", "no port"),
    (arguments.broker, "::1", "no HOST or HOST:PORT"), (arguments.broker, ":1883", "no HOST or HOST:PORT"), (arguments.broker, "my house", "no name"),
    (arguments.port, "65536", "1 to 65535"), (arguments.port, "-1", "no port"), (arguments.clock, "25:00", "00:00 to 23:59"),
    (arguments.clock, "7:00", "HH:MM"),
    (arguments.clock, "07:60", "HH:MM"), (arguments.minutes, "0", "no minutes"), (arguments.minutes, "3.5", "no minutes"),
    (arguments.minutes, "99999", "1 to 10080"), (arguments.topic_word, "My App", "no id"), (arguments.topic_word, "ab", "3 to 36"),
    (arguments.host, "", "must be text"), (arguments.level, "house/#", "without + and #"), (arguments.listener, "127.0.0.1:99999", "no port"),
    (arguments.listener, "here", "nothing to listen on"),
    (arguments.topic_word, "\u0661\u0662\u0663", "no id"), (arguments.port, "\u0661", "no port"),
])
def test_what_is_none_is_named_and_so_is_what_to_give(check, text, words):
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        check(text)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_right_values_come_through():
    assert (arguments.clock("23:59"), arguments.minutes("255"), arguments.port("8883"), arguments.level("homeassistant")) == (
        "23:59", 255, 8883, "homeassistant")
    assert arguments.listener("none") is None and arguments.listener("0.0.0.0") == ("0.0.0.0", None)
    assert arguments.tenant("") == "" and arguments.tenant("ttn") == "ttn"


def test_a_mistake_is_one_line_and_exit_status_2(capsys):
    words = arguments.Parser(prog="make thing")
    words.add_argument("--port", type=arguments.port)
    with pytest.raises(SystemExit) as ended:
        words.parse_args(["--port", "x"])
    assert ended.value.code == 2 and capsys.readouterr().err == "make thing: argument --port: 'x' is no port: a number from 1 to 65535\n"
