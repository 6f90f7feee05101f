"""A downloaded MicroPython says itself for which chip it is; what is none, or none for these boards, is refused in words."""
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.firmware_images import esp, uf2
from tools.board import images


@pytest.fixture
def read(tmp_path):
    """read(data, name) is the image in such a file."""
    def make(data, name="firmware.bin"):
        (tmp_path / name).write_bytes(data)
        return images.read(tmp_path / name)

    return make


@pytest.mark.parametrize("data, board, name, version", [
    (esp(9), "esp32", "ESP32-S3", "1.29.0"),
    (esp(0, b"1.26.1"), "esp32", "ESP32", "1.26.1"),
    (esp(9, b"1.24"), "esp32", "ESP32-S3", "1.24"),
    (uf2(), "rp2", "RP2040", "1.26.1"),
    (uf2(0xE48BFF59, spare=True), "rp2", "RP2350", "1.26.1"),
    (uf2(0xE48BFF59, machine=b"Raspberry Pi Pico 2 W with RP2350"), "rp2", "RP2350", "1.26.1"),
])
def test_an_image_is_for_the_chip_that_its_head_names(read, data, board, name, version):
    image = read(data)
    assert (image.chip.board, image.chip.name, image.version) == (board, name, version)
    assert image.sha256 == hashlib.sha256(data).hexdigest() and not image.is_known


def test_the_first_esp32_has_its_image_at_another_place():
    assert (images.ESP_CHIPS[0].offset, images.ESP_CHIPS[9].offset) == (0x1000, 0)


@pytest.mark.parametrize("data, words", [
    (b"", "it is empty"),
    (b"<!DOCTYPE html>", "no firmware image"),
    (b"PK\x03\x04", "a .zip?"),
    (b"\xe9\x04", "cut short"),
    (esp(5), "ESP32-C3, on which this firmware does not run: it has one serial port too few"),
    (esp(4711), "number 4711"),
    (esp(9, partitions=False), "no table of partitions: it is one for an update"),
    (esp(9)[:0x4000], "no table of partitions"),
    (esp(9).replace(b"MicroPython", b"CircuitPyth"), "no MicroPython in it"),
    (esp(9, b"1.19.1"), "has MicroPython 1.19.1; 1.24 or newer is needed"),
    (uf2()[:-100], "cut short"),
    (uf2()[:-512], "39 of its 40 blocks"),
    (uf2()[:512 * 3] + bytes(512) + uf2()[512 * 4:], "damaged: its block 4 of 40"),
    (uf2(flags=0), "does not say for which chip"),
    (uf2(0xADA52840), "other chips than an RP2040 or RP2350 \\(0xada52840\\)"),
    (uf2() + uf2(0xE48BFF59), "other chips"),
    (uf2(0xE48BFF5A), "without RISCV"),
    (uf2(machine=b"Raspberry Pi Pico W with RP2040"), "keeps 40 KB of its memory for Wi-Fi.* runs that of a Pico, RPI_PICO, as well. Take that"),
])
def test_what_is_not_to_be_written_is_refused_in_words(read, data, words):
    with pytest.raises(images.ImageError, match=words):
        read(data)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(images.ImageError, match="cannot be read: No such file"):
        images.read(tmp_path / "none.bin")


def test_a_known_name_is_held_to_its_sum(read, monkeypatch):
    data = esp(9)
    monkeypatch.setitem(images.KNOWN, "SEEED.bin", hashlib.sha256(data).hexdigest())
    assert read(data, "SEEED.bin").is_known
    with pytest.raises(images.ImageError, match="another SHA-256 .* download it again"):
        read(data + b"\0", "SEEED.bin")


def test_known_sums_are_sums_of_names_that_the_page_of_that_board_has():
    from tools.board import micropython
    pages = {page for of_board in micropython.PAGES.values() for page in of_board}
    for name, digest in images.KNOWN.items():
        assert name.split("-")[0] in pages and len(bytes.fromhex(digest)) == 32


@settings(max_examples=200)
@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=600).map(lambda tail: b"UF2\n" + tail), st.tuples(
    st.integers(0, 40), st.integers(0, 511), st.integers(0, 255)).map(lambda cut: uf2()[:cut[0] * 512 + cut[1]] + bytes((cut[2],)))))
def test_no_bytes_break_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(data)
    try:
        images.read(path)
    except images.ImageError as error:
        assert str(error)
