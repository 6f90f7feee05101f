"""The fixture `rig`: each board that the suite knows; the other fixtures: the boards that can show what a test is about."""
import pytest

from tests.contract import adapters


def _fixture(names):
    @pytest.fixture(params=names)
    def made(request, tmp_path):
        rig = adapters.RIGS[request.param](tmp_path)
        yield rig
        if hasattr(rig, "close"):
            rig.close()

    return made


rig = _fixture(tuple(adapters.RIGS))
breakable_rig = _fixture(adapters.BREAKABLE)
starvable_rig = _fixture(adapters.STARVABLE)
cuttable_rig = _fixture(adapters.CUTTABLE)
radio_rig = _fixture(adapters.WITH_RADIO)
mac_rig = _fixture(adapters.WITH_MAC_ONLY)
