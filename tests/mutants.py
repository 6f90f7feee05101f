"""Defects of the original script, and the tests that would catch them here.

The defects D-01 to D-45 are those found in northcliff_ev_charger_monitor_Gen.py (V1.8), the script this project replaces.
MUTANTS breaks our code the way the original was broken: `make mutants` applies one row at a time to a copy of the tree, runs
the named test, expects it to fail, and writes docs/defects.md. IMPOSSIBLE names those that cannot exist in our design, and
why. tests/unit/tools/checks/test_mutants.py keeps the rows true while the code moves.
"""
from collections import namedtuple

# defect: "D-01"; more rows of one defect are welcome
# was: what the original did, in one line
# test: node id of the test that fails when the defect is brought back
# file, old, new: text `old`, which occurs exactly once in `file`, becomes `new`
Mutant = namedtuple("Mutant", "defect was test file old new")

# defect; was: as above; why: what in our design leaves no room for it
Impossible = namedtuple("Impossible", "defect was why")

DEFECTS = tuple(f"D-{number:02d}" for number in range(1, 46) if number != 14) + ("D-14a", "D-14b", "D-14c")

MUTANTS = (
    # --- bus and framing
    Mutant(
        "D-01", "Reading from a silent UART gives None, which ended the script.",
        "tests/contract/test_bus.py::test_nothing_to_read_is_empty_and_takes_no_time",
        "src/hal/lopy4.py", "return self._uart.read(count) or b'' if count else b''", "return self._uart.read(count or 1)",
    ),
    Mutant(
        "D-01", "A gap inside a frame ended the script.",
        "tests/unit/modbus/test_ascii.py::test_glued_and_split_frames_are_all_found_in_order",
        "src/modbus/ascii.py", "            data = self.partial[self._at:] + data\n", "            pass\n",
    ),
    Mutant(
        "D-02", "A silent box was waited for without an end.",
        "tests/unit/modbus/test_transaction.py::test_a_silent_box_is_asked_three_times_and_then_given_up",
        "src/modbus/transaction.py", "self.due_ms = self._sent_ms + self._patience_ms()", "self.due_ms = self._sent_ms + (1 << 60)",
    ),
    Mutant(
        "D-02", "A box that is off looked like one in its last state.",
        "tests/unit/app/test_application.py::test_a_silent_box_is_reported_and_reported_again_when_it_answers",
        "src/app/evse/evse_monitor.py", "self._seen_ms is not None and now_ms - self._seen_ms < SILENCE_MS", "self._seen_ms is not None",
    ),
    Mutant(
        "D-03", "A character that is not hex ended the script.",
        "tests/unit/modbus/test_ascii.py::test_any_bytes_never_raise_and_only_give_frames_whose_lrc_is_right",
        "src/modbus/ascii.py", "            counts['not_hex'] += 1\n            return None", "            counts['not_hex'] += 1\n            raise",
    ),
    Mutant(
        "D-04", "There was no shortest frame.",
        "tests/unit/modbus/test_ascii.py::test_what_is_no_frame_is_counted_by_name",
        "src/modbus/ascii.py", "if len(raw) < MIN_BYTES:", "if False:",
    ),
    Mutant(
        "D-06", "The id was taken from the first frame heard, whosever it was.",
        "tests/unit/tools/charger/test_charger_client.py::test_another_box_proves_nothing_about_ours",
        "src/modbus/charger.py", "if master.start_char != ascii.ANSWER or raw[0] != self.device_id:", "if master.start_char != ascii.ANSWER:",
    ),
    Mutant(
        "D-06", "The checksum of the first frame was not looked at.",
        "tests/unit/modbus/test_ascii.py::test_a_misprint_is_rejected_and_counted",
        "src/modbus/ascii.py", "        if sum(raw) & 0xFF:", "        if False:",
    ),
    Mutant(
        "D-07", "A frame cut by another took that one with it.",
        "tests/unit/modbus/test_ascii.py::test_an_intact_frame_after_any_junk_is_found",
        "src/modbus/ascii.py", "start = max(text.rfind(b':'), text.rfind(b'>'))", "start = max(text.find(b':'), text.find(b'>'))",
    ),
    Mutant(
        "D-08", "A frame without an end grew until the memory was full.",
        "tests/unit/docs/test_defects.py::test_one_frame_that_never_ends_is_forgotten",
        "src/modbus/ascii.py", "if len(tail) > MAX_CHARS:", "if False:",
    ),
    Mutant(
        "D-09", "Only CR and LF together, in one place, ended a frame.",
        "tests/unit/modbus/test_ascii.py::test_glued_and_split_frames_are_all_found_in_order",
        "src/modbus/ascii.py", "data.replace(b'\\r\\n', b'\\n').replace(b'\\r', b'\\n')", "data.replace(b'\\r\\n', b'\\n')",
    ),
    Mutant(
        "D-10", "An odd number of digits was read as bytes.",
        "tests/unit/modbus/test_ascii.py::test_what_is_no_frame_is_counted_by_name",
        "src/modbus/ascii.py", "        if len(digits) & 1:\n            counts['odd'] += 1\n            return None\n",
        "        digits = digits[:len(digits) & ~1]\n",
    ),
    Mutant(
        "D-11", "The kind of a frame was told by its beginning, its length not checked.",
        "tests/unit/docs/test_defects.py::test_an_answer_shorter_than_it_says_is_no_reading",
        "src/modbus/transaction.py", "if length == request.length and raw.startswith(request.head) and (", "if raw.startswith(request.head) and (",
    ),
    Mutant(
        "D-11", "A short frame gave its checksum for a state.",
        "tests/unit/tools/charger/test_charger_client.py::test_other_frames_are_no_sighting",
        "src/modbus/charger.py", "(length == _PANEL_LENGTH and raw.startswith(self._panel_head))", "raw.startswith(self._panel_head[:2])",
    ),
    Mutant(
        "D-11", "The box's only way to say no was unknown.",
        "tests/unit/modbus/test_transaction.py::test_a_refusal_is_told_from_silence",
        "src/modbus/transaction.py", "if length == 3 and raw.startswith(request.refusal):", "if False:",
    ),
    Mutant(
        "D-12", "A frame that had waited in the buffer was taken for a gap on the line now.",
        "tests/unit/modbus/test_transaction.py::test_a_frame_read_after_the_loop_was_busy_marks_no_gap",
        "src/modbus/transaction.py", "stamp_ms = now_ms - self._busy_ms", "stamp_ms = now_ms",
    ),
    Mutant(
        "D-12", "Nobody knew how long the loop had not listened.",
        "tests/unit/firmware/test_main.py::test_a_long_turn_is_told_to_the_bus",
        "src/main.py", "if done_ms - now_ms > BUSY_MS:", "if False:",
    ),
    Mutant(
        "D-13", "The driver stayed on for 20 ms after a frame, over the box's answer.",
        "tests/unit/hal/test_lopy4.py::test_the_driver_is_released_within_two_characters_and_a_bit",
        "src/hal/lopy4.py", "utime.sleep_us(_TWO_CHARS_US)", "utime.sleep_ms(20)",
    ),
    Mutant(
        "D-13", "Writing to the UART was taken for having sent.",
        "tests/unit/hal/test_lopy4.py::test_no_character_is_cut_off_by_the_driver",
        "src/hal/lopy4.py", "while waits and not uart.wait_tx_done(_WAIT_MS):", "while False:",
    ),
    # --- the direction pin
    Mutant(
        "D-14a", "An unknown downlink left the loop half way.",
        "tests/unit/app/commands/test_dispatcher.py::test_an_undecodable_downlink_is_counted_and_nothing_follows",
        "src/app/codec/downlink.py", "known = len(payload) == 1 and 1 <= payload[0] <= _ORIGINAL_COMMANDS", "known = len(payload) == 1",
    ),
    Mutant(
        "D-14b", "An exception while sending left the driver on.",
        "tests/unit/hal/test_lopy4.py::test_even_a_bug_leaves_the_driver_off",
        "src/hal/lopy4.py",
        "            finally:\n                enable(0)\n", "            finally:\n                pass\n            enable(0)\n",
    ),
    Mutant(
        "D-14c", "The direction pin had no level until the network was joined.",
        "tests/unit/hal/test_lopy4.py::test_the_driver_never_comes_on_while_the_board_starts",
        "src/hal/lopy4.py", "machine.Pin('P8', mode=machine.Pin.OUT, value=0)", "machine.Pin('P8', mode=machine.Pin.OUT)",
    ),
    # --- commands
    Mutant(
        "D-15", "The checksums of the commands were right for id 1 alone.",
        "tests/unit/tools/charger/test_charger_client.py::test_commands_of_any_id_carry_the_right_lrc",
        "src/modbus/ascii.py", "bytes((-sum(body) & 0xFF,))", "bytes((body[0] - 1 - sum(body) & 0xFF,))",
    ),
    Mutant(
        "D-16", "A command was confirmed when its bytes had gone to the UART.",
        "tests/unit/app/test_application.py::test_a_command_is_done_and_answered_within_seconds",
        "src/app/commands/specs.py", "    return scene.box.reading.code == CODE_E0\n", "    return True\n",
    ),
    Mutant(
        "D-16", "An unknown outcome was a success.",
        "tests/unit/app/commands/test_dispatcher.py::test_what_cannot_be_is_said_with_its_reason",
        "src/app/commands/specs.py", "    return FAILED, DETAIL_WAITS_FOR_KEY if code == CODE_B1 and spec.long else DETAIL_NOT_CONFIRMED\n",
        "    return 0, 0\n",
    ),
    Mutant(
        "D-17", "Where nothing was received, the previous command was executed again.",
        "tests/unit/app/commands/test_dispatcher.py::test_a_byte_of_the_original_is_done_and_answered_once",
        "src/app/commands/dispatcher.py", "        self._works.remove(work)\n", "",
    ),
    Mutant(
        "D-18", "A command kept by the network was executed hours later.",
        "tests/unit/app/commands/test_legacy.py::test_what_the_network_may_have_kept_over_an_outage_expires",
        "src/app/commands/legacy.py", "if now_ms - fresh_ms < STALE_MS:", "if False:",
    ),
    Mutant(
        "D-18", "A repeated reset was executed again.",
        "tests/unit/app/commands/test_legacy.py::test_an_equal_byte_is_answered_again_for_45_minutes",
        "src/app/commands/legacy.py", "if done is not None and done.op == op and", "if False and",
    ),
    Mutant(
        "D-18", "The port of a downlink was ignored.",
        "tests/unit/app/commands/test_dispatcher.py::test_an_undecodable_downlink_is_counted_and_nothing_follows",
        "src/app/codec/downlink.py", "    if port in _ORIGINAL_PORTS:\n", "    if len(payload) == 1:\n",
    ),
    Mutant(
        "D-19", "Every command was sent twice, answered or not.",
        "tests/unit/app/commands/test_dispatcher.py::test_an_acknowledged_write_is_not_repeated_before_its_time",
        "src/app/control/write_retry.py", "if last[2] == bus.SILENT and last[3] < WRITES_MAX", "if last[3] < WRITES_MAX",
    ),
    Mutant(
        "D-19", "A write was repeated without a look at what it had done.",
        "tests/unit/modbus/test_transaction.py::test_a_write_is_sent_once_whatever_happens",
        "src/modbus/transaction.py", "[value], signed=False), b'', 6, 1)", "[value], signed=False), b'', 6, READ_TRIES)",
    ),
    # --- reporting
    Mutant(
        "D-21", "Time was counted in frames heard.",
        "tests/unit/app/telemetry/test_reporter.py::test_heartbeats_come_by_the_clock_however_often_the_box_is_heard",
        "src/app/telemetry/reporter.py", "        if now_ms - last_ms < period_ms:\n",
        "        self._heard = getattr(self, '_heard', 0) + 1\n        if self._heard < period_ms // 1000:\n",
    ),
    Mutant(
        "D-22", "Wrong frames among many right ones added up to a state.",
        "tests/unit/app/evse/test_debounce.py::test_the_old_state_in_between_makes_the_new_one_begin_anew",
        "src/app/evse/debounce.py", "        if code == self.code:\n            self.pending = None\n", "        if code == self.code:\n",
    ),
    Mutant(
        "D-22", "Whatever came last of a flapping box was reported.",
        "tests/unit/app/evse/test_debounce.py::test_another_candidate_in_between_makes_it_begin_anew",
        "src/app/evse/debounce.py", "if code != self.pending or now_ms", "if self.pending is None or now_ms",
    ),
    Mutant(
        "D-23", "Off by one in how long a state must hold.",
        "tests/unit/app/evse/test_debounce.py::test_two_frames_of_the_same_instant_count_once",
        "src/app/evse/debounce.py", "if now_ms - self._first_ms < self._needed_ms(code):", "if now_ms - self._first_ms <= self._needed_ms(code):",
    ),
    Mutant(
        "D-24", "C3 and C4 were unknown.",
        "tests/unit/app/evse/test_states.py::test_home_managers_words_for_every_byte_there_is",
        "src/app/evse/states.py", "    (CODE_C3, vocabulary.CHARGING, REASON_CHARGING, GREEN),\n", "",
    ),
    Mutant(
        "D-24", "A fault was told once an hour, like a car that is not there.",
        "tests/unit/app/telemetry/test_reporter.py::test_a_fault_is_urgent_and_waits_for_no_command",
        "src/app/telemetry/reporter.py", "urgent = is_fault(view.code) or not", "urgent = not",
    ),
    Mutant(
        "D-25", "Whole frames were compared, so any other byte was a change.",
        "tests/unit/app/telemetry/test_reporter.py::test_figures_and_flags_that_change_are_no_news",
        "src/app/telemetry/reporter.py", "news = (view.code, view.state, monitor.reachable)",
        "news = (view.code, view.limit_da, monitor.reachable)",
    ),
    Mutant(
        "D-25", "A change seen while a command ran was lost.",
        "tests/unit/app/telemetry/test_reporter.py::test_a_change_waits_while_a_command_runs_and_is_said_after_it",
        "src/app/telemetry/reporter.py", "        if hold and not urgent:\n",
        "        if hold and not urgent:\n            self._reported = (view.code, view.state, monitor.reachable)\n",
    ),
    Mutant(
        "D-26", "A box that alternates between two states had no heartbeat.",
        "tests/unit/app/telemetry/test_reporter.py::test_a_box_that_flickers_between_two_states_has_its_heartbeats",
        "src/app/telemetry/reporter.py", "        if now_ms - last_ms < period_ms:\n",
        "        if now_ms - last_ms < period_ms or self._evse_monitor._stability.pending:\n",
    ),
    Mutant(
        "D-27", "Answers and states shared one byte and could not be told apart.",
        "tests/unit/app/codec/test_status_frames.py::test_a_result_is_packed_as_the_vectors_say",
        "src/app/codec/status_frames.py", "_RESULT = 0x11\n", "_RESULT = 0x10\n",
    ),
    Mutant(
        "D-28", "The light stayed green from the join until the first frame.",
        "tests/unit/app/test_application.py::test_the_light_is_red_until_joined_and_then_the_colour_of_the_state",
        "src/app/application.py", "if self._joined and monitor.reachable else RED", "if self._joined and monitor.reachable else 0x007F00",
    ),
    # --- LoRaWAN
    Mutant(
        "D-29", "Nothing else was done until the network was joined.",
        "tests/unit/app/test_application.py::test_without_a_network_the_box_is_watched_all_the_same",
        "src/app/application.py", "event = charger.poll(now_ms)\n", "event = self.session.joined and charger.poll(now_ms)\n",
    ),
    Mutant(
        "D-29", "Joins were repeated every 10 s without back-off.",
        "tests/unit/lorawan/test_session.py::test_joins_take_turns_and_back_off_with_jitter",
        "src/lorawan/join_schedule.py", "        self._failures += 1\n", "",
    ),
    Mutant(
        "D-30", "Sending waited for its end for ever.",
        "tests/unit/lorawan/test_session.py::test_a_lost_event_holds_the_next_frame_up_no_longer_than_the_deadline",
        "src/lorawan/sender.py", "if now_ms < self._deadline_ms:", "if True:",
    ),
    Mutant(
        "D-30", "A frame the modem refuses ended the script.",
        "tests/unit/hal/test_lopy4.py::test_what_the_socket_refuses_is_refused",
        "src/hal/lopy4_radio.py", "            if error.args[0] != _EMSGSIZE:\n                return False\n", "            raise\n",
    ),
    Mutant(
        "D-31", "A lost session was never noticed.",
        "tests/unit/lorawan/test_session.py::test_only_after_26_hours_of_silence_is_a_frame_confirmed",
        "src/lorawan/link_supervision.py", "now_ms - proven_ms >= SILENCE_MS", "False",
    ),
    Mutant(
        "D-32", "SF7 was fixed, in a garage.",
        "tests/unit/lorawan/test_regions.py::test_uplinks_go_at_sf10_and_125_khz_unless_told_otherwise",
        "src/lorawan/regions.py", "Region('AU915', _AU915, 0, 2, ", "Region('AU915', _AU915, 0, 5, ",
    ),
    Mutant(
        "D-32", "A data rate that the region does not have was used.",
        "tests/unit/firmware/test_main.py::test_a_data_rate_the_region_does_not_know_is_named",
        "src/lorawan/regions.py", "fastest = len(region.rates) - 1", "fastest = 6",
    ),
    Mutant(
        "D-33", "The region was a setting, its channels were not.",
        "tests/unit/hal/test_lopy4.py::test_other_regions_keep_their_channels",
        "src/hal/lopy4_radio.py", "if settings.REGION in WITH_SUB_BANDS:", "if True:",
    ),
    Mutant(
        "D-34", "Keys stood in the source file.",
        "tests/unit/tools/checks/test_secrets.py::test_the_example_holds_placeholders_only",
        "src/keys_example.py", "APP_KEY = 'app_key: 32 hexadecimal digits'", "APP_KEY = '" + "0" * 32 + "'",
    ),
    Mutant(
        "D-35", "Airtime was not counted.",
        "tests/unit/lorawan/test_airtime_budget.py::test_each_priority_has_its_threshold_on_the_total",
        "src/lorawan/airtime_budget.py", "if (airtime_log.total_ms + new_ms <= _MAX_MS[priority] and", "if (True and",
    ),
    # --- structure
    Mutant(
        "D-36", "Whatever was raised ended the script for good.",
        "tests/unit/firmware/test_main.py::test_whatever_escapes_is_logged_and_ends_in_a_reset",
        "src/main.py", "except Exception as error:", "except MemoryError as error:",
    ),
    Mutant(
        "D-36", "There was no watchdog for a part that hangs.",
        "tests/unit/firmware/test_main.py::test_a_turn_that_leaves_its_due_time_behind_starves_the_watchdog_after_the_deadline",
        "src/main.py", "if stalled is None:", "if True:",
    ),
    Mutant(
        "D-38", "Importing the file ran the product.",
        "tests/unit/docs/test_defects.py::test_importing_the_firmware_does_not_run_it",
        "src/main.py", "if __name__ == '__main__':\n    run()", "run()",
    ),
    Mutant(
        "D-39", "Purple meant locked, service, no id and rubbish.",
        "tests/unit/app/evse/test_states.py::test_the_colours_are_the_originals",
        "src/app/evse/states.py", "_UNKNOWN = (NONE, vocabulary.DISABLED, REASON_FAULT, RED)",
        "_UNKNOWN = (NONE, vocabulary.DISABLED, REASON_FAULT, PURPLE)",
    ),
    Mutant(
        "D-39", "The communication light was on when it should be off.",
        "tests/unit/hal/test_lopy4.py::test_activity_lights_p9",
        "src/hal/lopy4.py", "self._comms(1 if on else 0)", "self._comms(0 if on else 1)",
    ),
    Mutant(
        "D-40", "40 prints, one a second for ever.",
        "tests/unit/tools/checks/test_imports.py::test_src_is_the_language_of_every_board",
        "src/app/codec/vocabulary.py", "# What overrides the plan.\n", "print('overrides')\n",
    ),
    Mutant(
        "D-41", "Sleeps of 2.5 to 5 s during which nothing is served.",
        "tests/unit/tools/checks/test_imports.py::test_every_room_imports_only_what_it_may",
        "src/app/codec/vocabulary.py", "# What overrides the plan.\n", "import time\ntime.sleep(1)\n",
    ),
    # --- The Things Network
    Mutant(
        "D-42", "An empty payload made the decoder throw.",
        "tests/unit/ttn/test_formatter.py::test_a_status_says_what_its_bytes_hold_and_no_more",
        "ttn/formatter.js", "bytes.length < row.fewest || ", "",
    ),
    Mutant(
        "D-42", "A byte below 16 lost its zero.",
        "tests/unit/ttn/test_formatter.py::test_an_uplink_decodes_as_the_vectors_say",
        "ttn/formatter.js", "(byte < 16 ? '0' : '') + ", "",
    ),
    Mutant(
        "D-43", "Bytes of the firmware were unknown to the decoder.",
        "tests/unit/ttn/test_formatter.py::test_an_uplink_decodes_as_the_vectors_say",
        "ttn/formatter.js", "LEGACY_STATES[name] || 'Disabled'", "LEGACY_STATES[name] || 'Unknown'",
    ),
    Mutant(
        "D-44", "An unknown mode was encoded as undefined.",
        "tests/unit/ttn/test_formatter.py::test_a_request_that_cannot_be_sent_names_its_field",
        "ttn/formatter.js", "place < 0 ? fail(", "place < 0 ? void (",
    ),
    Mutant(
        "D-45", "The manual told other heartbeats than the code kept.",
        "tests/unit/docs/test_defects.py::test_the_manual_tells_the_heartbeats_that_the_code_keeps",
        "src/app/telemetry/reporter.py", "vocabulary.NOT_CONNECTED: 60 * _MINUTE_MS", "vocabulary.NOT_CONNECTED: 120 * _MINUTE_MS",
    ),
)

IMPOSSIBLE = (
    Impossible(
        "D-05", "The box's id was searched once; a first frame cut by another ended the script.",
        "The id is a setting. Nothing is searched at the start, and a cut frame is dropped and counted like any other (D-07).",
    ),
    Impossible(
        "D-20", "The three commands were three copies of one function, with text written to the UART.",
        "A command is a row of a table in `app/commands/specs.py`, a telegram is made of numbers in one place, `modbus/transaction.py`.",
    ),
    Impossible(
        "D-37", "A test button's handler wrote to the bus amid the reader.",
        "There is no button and no work in interrupts; one loop owns the bus, and one request is under way at a time.",
    ),
)
