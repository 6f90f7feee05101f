"""home/network/kinds.py: every kind of network has what the rest of the house asks for, and names each error in home.toml."""
import inspect
import pathlib
import re

import pytest
from home import settings
from home.network import kinds
from tests.support.house import given
from tests.support.queue_at_chirpstack import APPLICATION, HOUSE, NETWORK

ROOT = pathlib.Path(__file__).resolve().parents[4]
CONTRACT = set(re.findall(r"`(\w+)(?:\(|`)", kinds.__doc__))


def test_each_kind_has_every_name_of_the_contract_with_the_same_parameters():
    assert len(CONTRACT) >= 15
    for name in CONTRACT:
        found = [getattr(kind, name) for kind in kinds.KINDS.values()]
        functions = [tuple(inspect.signature(one).parameters) for one in found if callable(one)]
        assert len(set(functions)) <= 1, name


def test_no_room_but_the_network_s_own_knows_a_kind_by_its_name():
    """A table instead of branches; but what joins a broker, or Home Assistant's templates, to one network is a file about that network."""
    own = {"home/bridge.py", "home/discovery.py", "home/entity_dialects.py", "home/chirpstack_bridge.py"}
    named = {path.relative_to(ROOT).as_posix() for path in (ROOT / "home").rglob("*.py") if path.parent.name != "network"
             and re.search(r"the[_-]things[_-]stack|chirpstack", path.read_text())}
    assert named <= own


def wrong(**changed):
    with pytest.raises(settings.Wrong) as problem:
        settings.checked(given(**{**HOUSE, **changed}), "/nowhere")
    return problem.value.args[0]


def test_a_house_at_chirpstack_is_a_row_of_home_toml():
    made = settings.checked(given(**HOUSE), "/nowhere")
    assert kinds.of(made.network("own")) is kinds.KINDS["chirpstack"] and made.networks[0].port == 1883


@pytest.mark.parametrize("changed, words", [
    ({"network": [{**NETWORK, "application": "ev-charger"}]}, r"network\[1\].application: 'ev-charger' is no application of ChirpStack"),
    ({"device": [{"id": "wallbox"}]}, "device: 'wallbox' is no DevEUI"),
    ({"network": [{**NETWORK, "storage_url": "http://127.0.0.1"}]}, r"network\[1\].storage_url: this network keeps no uplinks"),
    ({"network": [{**NETWORK, "kind": "chirp-stack"}]}, "kind: must be 'the-things-stack' or 'chirpstack'")])
def test_an_error_there_is_said_by_its_setting(changed, words):
    assert any(re.search(words, sentence) for sentence in wrong(**changed))


def test_the_things_stack_s_ids_are_not_asked_to_be_chirpstack_s():
    assert settings.checked(given(), "/nowhere").networks[0].application != APPLICATION
