"""What the recordings play: some seventy installations, scenarios of docs/simulation.md; each room of the firmware is touched by several.

A scenario is named by what it is about. Change one only with its recording, in the same commit.
"""

HOUR_S = 3600
DAY_S = 86400
NIGHT = [{"days": "daily", "from": "22:00", "to": "06:00", "current_a": 13}]
WEEK = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16}, {"days": "sat,sun", "from": "12:00", "to": "15:00", "kwh": 5},
        {"days": "sat,sun", "from": "23:00", "to": "05:00", "duration_min": 120}]
SYDNEY = "AEST-10AEDT,M10.1.0,M4.1.0/3"
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
EVENING = "2026-07-01T17:00:00Z"
OPEN = {"key": "unlocked"}     # no key is needed


def at(t, do, **keys):
    """An event."""
    return dict(keys, t=t, do=do)


def ask(t, command, number=1, **keys):
    """A command on fPort 20."""
    return at(t, "downlink", data=dict(keys, command=command, id=number))


def tell(t, **data):
    """A downlink of another kind."""
    return at(t, "downlink", data=data)


def byte(t, payload_hex):
    """One of the original's bytes."""
    return at(t, "downlink", f_port=1, payload_hex=payload_hex)


def off(t, for_s, what="monitor_power"):
    """A power cut."""
    return [at(t, what, on=False), at(t + for_s, what, on=True)]


def played(hours, *events, **keys):
    """A scenario; lists among the events are taken apart."""
    flat = []
    for event in events:
        flat.extend(event if isinstance(event, list) else [event])
    return dict(keys, duration_s=int(hours * HOUR_S), events=flat)


def day_of_commands(**keys):
    """Every command once on an ordinary day, with a car that charges."""
    return played(
        14, at(600, "plug"), ask(1200, "start", 1), ask(3000, "set_current", 2, current_a=10), ask(4000, "stop", 3),
        ask(5000, "start", 4, current_a=8),
        ask(7000, "lock", 5), ask(8000, "start", 6), ask(9000, "unlock", 7), ask(10000, "reset", 8), ask(12000, "boost", 9, kwh=2),
        ask(20000, "resume_plan", 10), ask(22000, "skip", 11), ask(24000, "report", 12, what="status"), ask(25000, "report", 13, what="device"),
        ask(26000, "report", 14, what="plan"), at(30000, "unplug"), ask(33000, "reboot", 15), ask(36000, "report", 16, what="device"), **keys)


def original_bytes(**keys):
    """The original's life: plug in, reset, lock, unlock."""
    return played(4, at(300, "plug"), byte(900, "03"), byte(3000, "01"), byte(5000, "02"), byte(5300, "02"), byte(8000, "03"),
        at(9000, "unplug"), **keys)


def night(**keys):
    """A car comes home at 18:00, the plan charges it."""
    keys.setdefault("start", EVENING)
    config = dict({"PLAN": NIGHT, "HOLD": "with_car"}, **keys.pop("config", {}))
    return played(16, at(HOUR_S, "plug"), at(15 * HOUR_S, "unplug"), *keys.pop("events", ()), config=config, **keys)


NONSENSE = ("00", "ff" * 12, "0100", "0f00000000", "63", "7f")

SCENARIOS = {}

for region in ("AU915", "EU868", "US915", "AS923"):
    for lorawan_class in "AC":
        name = "%s_class_%s" % (region.lower(), lorawan_class.lower())
        SCENARIOS["commands_" + name] = day_of_commands(config={"REGION": region, "LORAWAN_CLASS": lorawan_class, "PLAN": NIGHT}, charger=OPEN)
        SCENARIOS["bytes_" + name] = original_bytes(config={"REGION": region, "LORAWAN_CLASS": lorawan_class})

for rate in (0, 2, 5):
    SCENARIOS["commands_eu868_data_rate_%d" % rate] = day_of_commands(
        config={"REGION": "EU868"}, network={"data_rate": rate}, charger=OPEN)
SCENARIOS["commands_adr"] = day_of_commands(config={"REGION": "EU868", "ADR": True}, charger=OPEN)

for model in ("eager", "sleepy", "long_pulse", "shy", "full"):
    SCENARIOS["night_%s_car" % model] = night(vehicle={"model": model}, charger=OPEN)
    SCENARIOS["night_%s_car_behind_the_key" % model] = night(vehicle={"model": model}, charger={"key": "locked"}, events=[
        at(2 * HOUR_S, "key", position="unlocked"), at(2.5 * HOUR_S, "key", position="locked")])

SCENARIOS.update({
    "night_held_always": night(config={"HOLD": "always"}, charger=OPEN),
    "night_held_as_b1": night(charger={"key": "unlocked", "held_code": "B1"}),
    "night_without_meter": night(charger={"key": "unlocked", "meter": False}, vehicle={"phases": 1}),
    "night_without_panel": night(charger={"key": "unlocked", "panel_frames": False}),
    "night_without_start_after_power_cycle": night(charger={"key": "unlocked", "start_after_power_cycle": False}),
    "night_other_box_id": night(charger={"key": "unlocked", "id": 7}),
    "night_box_id_searched": night(config={"CHARGER_ID": None}, charger={"key": "unlocked", "id": 3}),
    "night_old_firmware": night(charger={"key": "unlocked", "firmware": "1.2"}),
    "night_keep_alive": night(config={"KEEP_ALIVE": True}, vehicle={"model": "shy"}, charger=OPEN),
    "night_gives_current_only": night(config={"START_BEHAVIOUR": "current"}, vehicle={"model": "sleepy"}, charger=OPEN),
    "night_resets_only": night(config={"START_BEHAVIOUR": "reset"}, vehicle={"model": "sleepy"}),
    "night_small_limit": night(config={"CURRENT_LIMIT_A": 8}, charger=OPEN),
    "night_nobody_plugs_in": played(14, start=EVENING, config={"PLAN": NIGHT, "NOT_PLUGGED_IN_AT": "20:30"}),
    "night_key_boosts": night(config={"KEY_TURN": "boost"}, events=[at(1.5 * HOUR_S, "key", position="unlocked")]),
    "night_key_ignored": night(config={"KEY_TURN": "ignore"}, events=[at(1.5 * HOUR_S, "key", position="unlocked")]),
    "night_boost_until_morning": night(charger=OPEN, events=[ask(1.5 * HOUR_S, "boost", until="05:00", current_a=10)]),
    "night_skipped": night(charger=OPEN, events=[ask(2 * HOUR_S, "skip")]),
    "night_stopped_and_resumed": night(charger=OPEN, events=[ask(6 * HOUR_S, "stop"), ask(9 * HOUR_S, "resume_plan", 2)]),
    "night_locked": night(charger=OPEN, events=[ask(6 * HOUR_S, "lock"), ask(9 * HOUR_S, "unlock", 2)]),
    "night_without_network": night(charger=OPEN, events=[at(2 * HOUR_S, "gateway_down", for_s=12 * HOUR_S)]),
    "night_lossy_network": night(charger=OPEN, network={"uplink_loss": 0.3, "downlink_loss": 0.3}, events=[
        ask(1.5 * HOUR_S, "boost", kwh=1), ask(9 * HOUR_S, "stop", 2)]),
    "night_noisy_bus": night(charger=OPEN, events=[at(4 * HOUR_S, "bus_noise", rate=0.002, for_s=4 * HOUR_S)]),
    "night_bus_cut": night(charger=OPEN, events=[at(4.9 * HOUR_S, "bus_cut", for_s=900), at(8 * HOUR_S, "bus_cut", for_s=50)]),
    "night_monitor_without_power": night(charger=OPEN, events=off(6 * HOUR_S, 600) + off(9 * HOUR_S, 5)),
    "night_box_without_power": night(charger=OPEN, events=off(6 * HOUR_S, 600, "charger_power") + off(3 * HOUR_S, 20, "charger_power")),
    "night_house_without_power": night(charger=OPEN, events=off(6 * HOUR_S, 1800) + off(6 * HOUR_S, 1800, "charger_power")),
    "night_held_after_power_cut": night(config={"AFTER_POWER_CUT": "hold"}, charger=OPEN, events=off(6 * HOUR_S, 60)),
    "night_monitor_hangs": night(charger=OPEN, events=[at(7 * HOUR_S, "hang_monitor")]),
    "night_time_unknown_holds": night(config={"CLOCK_SYNC": False}, charger=OPEN),
    "night_time_unknown_charges_after_4_h": night(config={"CLOCK_SYNC": False, "UNKNOWN_TIME": 4}, charger=OPEN),
    "night_time_told": night(config={"CLOCK_SYNC": False}, charger=OPEN, events=[tell(2 * HOUR_S, time=1782932400)]),
    "night_monitor_clock_wrong": night(charger=OPEN, events=[at(3 * HOUR_S, "set_monitor_clock", offset_s=7200)] + off(4 * HOUR_S, 10)),
    "night_drifting_clock": night(charger=OPEN, clock={"drift_ppm": 100}, events=[at(2 * HOUR_S, "gateway_down", for_s=12 * HOUR_S)]),
    "night_plan_by_downlink": night(config={"PLAN": []}, charger=OPEN, events=[
        tell(1.2 * HOUR_S, timezone=BERLIN), tell(1.5 * HOUR_S, plan={"windows": NIGHT}), ask(10 * HOUR_S, "report", 3, what="plan")]),
    "night_settings_by_downlink": night(charger=OPEN, events=[
        tell(1.5 * HOUR_S, settings={"current_limit_a": 9}), ask(3 * HOUR_S, "report", 4, what="plan"), *off(10 * HOUR_S, 5)]),
    "night_target": night(charger=OPEN, events=[
        tell(1.5 * HOUR_S, target={"until": "06:30", "kwh": 20, "quarters": [9, 10, 11, 20]}, id=5), ask(2 * HOUR_S, "report", 6, what="plan"),
        *off(11 * HOUR_S, 20)]),
    "night_target_suspended": night(config={"PLAN": []}, charger=OPEN, events=[
        tell(1.2 * HOUR_S, target={"until": "03:30", "kwh": 15, "quarters": [9, 30]}, id=5), ask(2 * HOUR_S, "stop", 6),
        ask(4 * HOUR_S, "boost", 7, kwh=2), tell(5 * HOUR_S, target={"until": "03:30", "kwh": 12, "quarters": []}, id=8), *off(6 * HOUR_S, 900)]),
    "week_of_windows_in_sydney": played(
        7 * 24, *[event for day in range(7) for event in (at(day * DAY_S + 9 * HOUR_S, "plug"), at(day * DAY_S + 21.5 * HOUR_S, "unplug"))],
        start="2026-04-02T00:00:00Z", config={"PLAN": WEEK, "TIMEZONE": SYDNEY}, charger=OPEN, vehicle={"needs_kwh": 12}),
    "autumn_night_in_berlin": night(start="2026-10-24T17:00:00Z", config={"TIMEZONE": BERLIN}, charger=OPEN),
    "faults_that_clear": played(
        8, at(300, "plug"), at(3000, "fault", code="F3"), at(4000, "clear_fault"), at(8000, "fault", code="F5"), at(9000, "clear_fault"),
        ask(12000, "start"), at(14000, "fault", code="F9"), ask(15000, "reset", 2), at(16000, "clear_fault"), charger=OPEN),
    "fault_f4": played(6, at(300, "plug"), at(3000, "fault", code="F4"), at(9000, "clear_fault"), charger=OPEN),
    "box_locked_while_unheard": played(5, at(300, "plug"), at(3000, "bus_cut", for_s=120), ask(3010, "lock"), ask(6000, "lock", 2), charger=OPEN),
    "storm_of_commands": played(
        3, at(300, "plug"), *[ask(1000 + 37 * n, ("start", "stop", "lock", "unlock", "reset", "set_current")[n % 6], n, **(
            {"current_a": 10} if n % 6 == 5 else {})) for n in range(120)], charger=OPEN),
    "nonsense_downlinks": played(
        3, at(300, "plug"), *[at(1000 + 60 * n, "downlink", f_port=1 + 19 * (n % 2), payload_hex=NONSENSE[n % 6]) for n in range(40)], charger=OPEN),
    "expired_commands": played(
        4, at(300, "plug"), ask(1000, "start", 1, issued_at=1775286100, expires_in_s=60), ask(2000, "lock", 2, expires_in_s=1),
        ask(3000, "stop", 3, issued_at=1775200000), start="2026-04-04T07:00:00Z", charger=OPEN),
    "repeated_commands": played(
        3, at(300, "plug"), *[ask(1000 + 20 * n, "start", 5, issued_at=1775286980) for n in range(5)], charger=OPEN),
    "boots_in_a_row": played(6, at(300, "plug"), *[event for n in range(8) for event in off(1500 + 900 * n, 3)], charger=OPEN),
    "two_days_without_gateway": played(60, at(300, "plug"), at(7200, "gateway_down", for_s=2 * DAY_S), ask(8000, "stop"), charger=OPEN),
    "confirmed_downlinks": played(
        3, at(300, "plug"), at(1500, "downlink", f_port=1, payload_hex="03", confirmed=True),
        at(4000, "downlink", data={"command": "stop", "id": 1}, confirmed=True), charger=OPEN),
})
