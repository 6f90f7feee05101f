"""docs/chirpstack.md: its home.toml and its command are taken, its topics and its profile are those of the code."""
import json
import pathlib
import re
import tomllib

from home import settings
from home.network import chirpstack, kinds
from tests.support import chirpstack_judge
from tools.network import chirpstack as registration

PAGE = (pathlib.Path(__file__).resolve().parents[3] / "docs" / "chirpstack.md").read_text()


def test_the_example_of_home_toml_is_taken_as_it_stands():
    found = settings.checked(tomllib.loads(re.search(r"```toml\n(.*?)```", PAGE, re.S)[1]), "/nowhere")
    assert kinds.of(found.networks[0]) is chirpstack and found.devices[0].name == "Garage"


def test_the_example_of_a_command_is_chirpstack_s_and_named_by_its_request():
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.S)
    message = chirpstack_judge.parsed("command/down", text)
    request = json.loads(text)["object"]
    assert chirpstack.identity(message.id) == (request["id"], request["issued_at"])
    assert message.expires_at.seconds == request["issued_at"] + request["expires_in_s"]


def test_the_topics_that_the_service_hears_are_named():
    assert {end for end in chirpstack.HEARD if f"`a/{end}`" not in PAGE} == set()


def test_the_profile_says_what_the_file_of_make_registration_does():
    assert f"timeout of confirmed downlinks {registration.CLASS_C_TIMEOUT_S} s" in PAGE
    assert f"expected uplink interval {registration.UPLINK_INTERVAL_S} s" in PAGE and f"fPort {registration.CLOCK_PORT}" in PAGE
