"""linux/ev-charger-monitor.service agrees with the firmware that it starts and with the instructions in docs/linux.md."""
import pathlib
import re

import config
import hal.posix
import main
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[4]
NAME = "ev-charger-monitor"
UNIT = ROOT / "linux" / f"{NAME}.service"
HOME = f"/opt/{NAME}"


def read(text):
    """{section: [(key, value)]}; a line that is neither section, setting, remark nor empty is an error."""
    sections, section = {}, None
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
            continue
        key, mark, value = line.partition("=")
        assert mark and re.fullmatch(r"[A-Z][A-Za-z]+", key), line
        section.append((key, value))
    return sections


@pytest.fixture(scope="module")
def service():
    return dict(read(UNIT.read_text())["Service"])


def test_it_has_the_sections_of_a_service_and_no_setting_twice():
    sections = read(UNIT.read_text())
    assert list(sections) == ["Unit", "Service", "Install"]
    several = {"DeviceAllow", "SystemCallFilter"}
    keys = [key for key, _ in sections["Service"] if key not in several]
    assert len(keys) == len(set(keys))


def test_it_starts_what_is_in_the_tree(service):
    python, program = service["ExecStart"].split()
    assert python == HOME + "/.venv/bin/python"
    assert program == HOME + "/src/main.py" and (ROOT / "src" / "main.py").exists()
    assert main.BOARDS["linux"] == "hal.posix"


def test_the_watchdog_is_that_of_the_settings(service):
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) == config.WATCHDOG_S
    # The first meal is also the word that it is ready.
    assert int(service["TimeoutStartSec"]) >= config.WATCHDOG_S


def test_a_reset_starts_it_again_and_a_wrong_setting_does_not(service):
    assert service["Restart"] == "always"
    assert service["RestartPreventExitStatus"] == str(hal.posix._EXIT_USAGE)
    assert hal.posix._EXIT_RESET != hal.posix._EXIT_USAGE


def test_its_records_are_where_the_settings_say(service):
    assert "/var/lib/" + service["StateDirectory"] == config.STORE_DIR


def test_it_may_use_serial_ports_and_little_else(service):
    allowed = [value for key, value in read(UNIT.read_text())["Service"] if key == "DeviceAllow"]
    assert service["DevicePolicy"] == "closed" and all(re.fullmatch(r"char-tty[A-Z]+[A-Za-z]* rw", value) for value in allowed)
    assert service["User"] != "root" and service["SupplementaryGroups"] == "dialout"
    assert service["CapabilityBoundingSet"] == "" and service["RestrictAddressFamilies"] == "AF_UNIX"
    assert {service[name] for name in ("NoNewPrivileges", "ProtectHome", "PrivateNetwork", "MemoryDenyWriteExecute")} == {"yes"}


def test_the_manual_says_how_to_install_it_by_the_same_names(service):
    manual = (ROOT / "docs" / "linux.md").read_text()
    for words in (f"linux/{NAME}.service", HOME, f"useradd --system --no-create-home --groups dialout {service['User']}",
                  f"systemctl enable --now {NAME}", f"journalctl -u {NAME}", config.STORE_DIR):
        assert words in manual
