"""The device's words in whole sentences: for each word of the payload the sentence that a page shows. A test holds them against the firmware.

N_ marks a sentence for the catalogue; it is translated where it is shown. A word that is not here (of a newer device) is shown as it came.
"""
from home.language.words import N_

REASONS = {
    "charging": N_("The car is charging."),
    "no_vehicle": N_("No car is plugged in."),
    "outside_plan": N_("The car is held until the next window of the plan."),
    "locked": N_("The outlet is locked."),
    "waits_for_key": N_("The box waits for its key or another permission."),
    "vehicle_paused": N_("Current is offered, but the car does not take it: it sleeps, or waits for its own timer."),
    "vehicle_full": N_("The car took what it wanted and is full."),
    "starting": N_("Charging is being started."),
    "waking_vehicle": N_("A sleeping car is being woken."),
    "fault": N_("The box reports a fault."),
    "held_after_power_cut": N_("The car is held since power came back."),
    "time_unknown": N_("The device does not know the time, so it does not know the windows of the plan either."),
    "skipped": N_("The car is held, for this window was skipped."),
    "stopped": N_("The car is held, for charging was stopped."),
    "limit_reached": N_("The energy or the time that was asked for is reached."),
    "min_pause": N_("The contactor rests before it closes again."),
    "unreachable": N_("The box does not answer the device."),
    "setup": N_("The box is in setup mode."),
    "waits_for_price": N_("The car waits for a cheap quarter hour, and will be ready in time."),
}

# Why a target is missed: reasons of a car that is well, where time is what is missing.
IN_TIME = ("charging", "waits_for_price", "outside_plan", "starting", "min_pause")
TOO_LITTLE_TIME = N_("There is too little time for it.")

# Without a reason (the original firmware) the state alone tells.
STATES = {
    "Not Connected": N_("No car is plugged in."),
    "Connected and Locked": N_("A car is plugged in and held."),
    "Charging": N_("The car is charging."),
    "Charged": N_("A car is plugged in and takes no current."),
    "Disabled": N_("The outlet is out of use."),
    "Lock Outlet ACK": N_("The outlet was locked."),
    "Unlock Outlet ACK": N_("The outlet was unlocked."),
    "Reset Charger ACK": N_("The box was reset."),
}

# How a session ended: what was so when the car left.
SESSION_ENDS = {
    "charging": N_("It was unplugged while charging."),
    "vehicle_full": N_("The car was full."),
    "vehicle_paused": N_("The car did not take the current that was offered."),
    "outside_plan": N_("It was held outside the plan when it left."),
    "stopped": N_("It had been stopped."),
    "locked": N_("The outlet had been locked."),
    "skipped": N_("The window had been skipped."),
    "limit_reached": N_("The energy or the time that was asked for was reached."),
    "fault": N_("The box had a fault."),
}

# %(amount)s: minutes or energy with their unit; without an amount the second sentence.
EVENTS = {
    "not_plugged_in": (N_("No car is plugged in, and a window of the plan begins in %(amount)s."),
                       N_("No car is plugged in, and a window of the plan is near.")),
    "not_charging": (N_("The car may charge, but has drawn nothing for %(amount)s."), N_("The car may charge, but draws nothing.")),
    "finished": (N_("The car is full, after %(amount)s."), N_("The car is full.")),
    "leaked_at_peak": (N_("The car drew %(amount)s while it should have been held."), N_("The car drew current while it should have been held.")),
    "fault": (N_("The box reported a fault."), N_("The box reported a fault.")),
    "power_restored": (N_("Power is back after %(amount)s."), N_("Power is back.")),
    "memory_lost": (N_("The device could not read a record of its own when it started."),
                    N_("The device could not read a record of its own when it started.")),
    "target_missed": (N_("The car will have %(amount)s less than was asked for."), N_("The car will have less than was asked for.")),
}
HELD_AFTER_MEMORY_LOST = N_("It gives no current until you tell it to.")
ALARMS = ("leaked_at_peak", "fault", "memory_lost", "not_charging")

FAULTS = {
    "F1": N_("The contactor is closed although it should be open; its contacts may be welded."),
    "F2": N_("The box has an internal error."),
    "F3": N_("Direct current leaks to earth."),
    "F4": N_("The box misses the messages of its controller."),
    "F5": N_("The socket could not lock the plug."),
    "F6": N_("The coding of the cable cannot be read."),
    "F7": N_("The car asks for ventilation, which is not offered."),
    "F8": N_("The pilot signal between box and car is wrong."),
    "F9": N_("The car draws more current than it was offered."),
    "FA": N_("The box is too hot or too cold."),
    "FB": N_("The contactor is open although it should be closed."),
}
UNKNOWN_FAULT = N_("The box reports a fault that nobody has described yet.")

# What a command asked for. %(value)s: its main argument, with its unit.
COMMANDS = {
    "lock": N_("Lock the outlet."),
    "unlock": N_("Unlock the outlet."),
    "reset": N_("Reset the box."),
    "start": N_("Start charging."),
    "stop": N_("Stop charging."),
    "set_current": N_("Allow at most %(value)s."),
    "boost": N_("Charge now, until the car is unplugged."),
    "boost.until": N_("Charge now, until %(value)s."),
    "boost.kwh": N_("Charge %(value)s now."),
    "skip": N_("Skip this window of the plan."),
    "skip.next": N_("Skip the next window of the plan."),
    "resume_plan": N_("Go back to the plan."),
    "report": N_("Send the status."),
    "report.device": N_("Say what the device and the box are."),
    "report.plan": N_("Read back plan, time zone, settings and claims."),
    "report.sessions": N_("Send the records of past sessions again, from number %(value)s on."),
    "reboot": N_("Restart the device."),
    "plan": N_("Use a new plan."),
    "timezone": N_("Use another time zone."),
    "settings": N_("Change settings: %(value)s."),
    "time": N_("Set the clock."),
    "target": N_("Charge in cheap hours until %(until)s."),
    "target.unknown": N_("A target that another program sent; its hour is not known here."),
    "target.kwh": N_("Charge %(value)s by %(until)s, in cheap hours."),
}

FATES = {
    "asked": N_("It is not on its way yet."),
    "queued": N_("The network has it; it goes out when the device listens."),
    "sent": N_("It was sent; the device has not answered yet."),
    "done": N_("The device did it."),
    "refused": N_("The device refused it."),
    "failed": N_("The device tried, and it failed."),
    "expired": N_("It came too late to be obeyed."),
    "busy": N_("The device had no room or airtime for it."),
    "unanswered": N_("The device never answered; whether it was done is not known."),
    "withdrawn": N_("It was withdrawn before it was sent."),
}
GOOD_FATES, OPEN_FATES = ("done",), ("asked", "queued", "sent")

DETAILS = {
    "no_answer": N_("The box did not answer."),
    "not_confirmed": N_("The box answered, but did not do it."),
    "fault": N_("The box has a fault."),
    "stale": N_("It may have waited in the network for long."),
    "unknown_command": N_("The device does not know this command."),
    "bad_argument": N_("A value is out of range."),
    "locked": N_("The outlet is locked."),
    "unreachable": N_("The box could not be reached."),
    "superseded": N_("A later command took its place."),
    "no_vehicle": N_("There is no car."),
    "repeated": N_("It was delivered twice; this is the answer to the first."),
    "setup": N_("The box is in setup mode."),
    "waits_for_key": N_("The box waits for its key."),
    "stopped": N_("Charging was stopped by a command."),
    "vehicle_full": N_("The car is full."),
    "vehicle_paused": N_("Current was offered, but the car did not take it."),
    "min_pause": N_("The contactor has to rest before it closes again."),
    "daily_limit": N_("The contactor was closed as often as it may be in a day."),
    "no_time": N_("The device does not know the time."),
    "no_plan": N_("There is no plan, or it has no such window."),
    "no_room": N_("It could not be kept: a memory is full."),
    "not_possible": N_("This box or board cannot do it."),
    "rolled_back": N_("The setting cut the radio link and was taken back."),
    "power_cut": N_("Power was cut before the end was seen."),
    "bad_setting": N_("A setting is wrong, and none was changed."),
}

CAUSES = {
    "power_on": N_("The device started, because power came."),
    "planned": N_("The device restarted on purpose."),
    "watchdog": N_("The device was restarted by its watchdog: it had stopped making progress."),
    "crash": N_("The device restarted after a fault of its program."),
}

KEYS = {
    "none": N_("No key is needed."),
    "closed_to_start": N_("The key must be closed to start charging."),
    "closed_to_enable": N_("The key must be closed to enable the outlet."),
    "invalid": N_("The box says something about the key that has no meaning."),
}


def why_missed(reason, _):
    """The sentence for the reason of an event that a target is missed; "" where there is none."""
    return "" if reason not in REASONS else _(TOO_LITTLE_TIME if reason in IN_TIME else REASONS[reason])
