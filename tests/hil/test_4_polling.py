"""Minutes of ordinary polling by the firmware's own client and their statistics; then silences, to see when the interface sleeps."""
import time

from modbus import charger
from tools.charger.client import now_ms
from tools.hil.analysis import Traffic
from tools.hil.silence import next_silence

# What the firmware needs: of ten readings nine at the first try, and all with the permitted repetitions.
ANSWERED_AT_ONCE = 0.9
READINGS_DONE = 0.98
# Silence costs time: seconds for each minute of polling, and seconds at most in all.
SILENCE_S_PER_MINUTE, SILENCE_MOST_S = 90, 360
SAY_EVERY_S = 60


def _poll(site, client, seconds):
    """Runs the firmware's client; (readings, reads failed, codes seen)."""
    monitor = charger.ChargerClient(client.bus, client.device_id)
    monitor.watch_limits = True
    events = dict.fromkeys((charger.READING, charger.LIMITS, charger.READ_FAILED, charger.SIGHTING), 0)
    codes = set()
    began = said = time.monotonic()
    while time.monotonic() - began < seconds:
        event = monitor.poll(now_ms())
        if event in events:
            events[event] += 1
        if event == charger.READING:
            codes.add(monitor.reading.code)
        if event == charger.IDLE:
            client.wait(monitor.due_ms)
        if time.monotonic() - said >= SAY_EVERY_S:
            said += SAY_EVERY_S
            site.say(f"{(said - began) / 60:.0f} of {seconds / 60:.0f} minutes, {events[charger.READING]} readings")
    return events, codes


def test_polling_as_the_firmware_does_it(site, client, found):
    seconds = 60 * site.minutes
    site.say(f"polling for {site.minutes:g} minutes")
    site.capture.note("polling")
    before = len(site.capture.events)
    events, codes = _poll(site, client, seconds)
    client.sleep(0.5)    # the answer to the last telegram
    found["polled_s"] = seconds
    found["codes"] = codes
    found["traffic"] = traffic = Traffic(site.capture.events[before:])
    site.capture.note("end of polling")

    done = events[charger.READING] + events[charger.LIMITS]
    assert done >= READINGS_DONE * (done + events[charger.READ_FAILED])
    assert len(traffic.waits_ms()) >= ANSWERED_AT_ONCE * len(traffic.exchanges), "telegrams are lost; the report says how many"


def test_silence_shows_when_the_interface_sleeps(site, client, found):
    if found["device"]["upstream_timeout"]:
        found["silences_ended"] = "not measured: silence might provoke F4 in this box"
        return
    left_s = min(SILENCE_MOST_S, SILENCE_S_PER_MINUTE * site.minutes)
    silences = found["silences"] = []
    ended = "no time for a longer one"
    silence_s = next_silence(silences, left_s)
    while silence_s is not None:
        client.reading()
        site.say(f"silent for {silence_s:.0f} s")
        site.capture.note(f"silence {silence_s:.0f} s")
        before = len(site.capture.events)
        client.sleep(silence_s)
        if Traffic(site.capture.events[before:]).foreign:
            ended = "others talk here, so that it is never silent"
            break
        silences.append((silence_s, site.ask(0x002E, 5) is not None))
        left_s -= silence_s
        silence_s = next_silence(silences, left_s)
    found["silences_ended"] = ended
    assert client.reading().code is not None, "it does not wake up"
