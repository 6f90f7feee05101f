"""`python -m home`: run the service; say who may; export, back up and restore its book; and what is changed in it by hand. docs/home-service.md."""
import argparse
import datetime
import logging
import pathlib
import signal
import sys
import threading
import time

from home import log_redaction, settings, time_zone_mistakes, time_zones
from home.access import commands as access_commands
from home.store import database

PROBLEM, WRONG = 1, 2
CONFIG = "home.toml"
ONE = "of several devices the one that is meant, by name or id"


def parser():
    words = argparse.ArgumentParser(prog="python -m home", description="The service of the house, and its book.")
    commands = words.add_subparsers(dest="command", required=True)

    def command(name, what, do):
        made = commands.add_parser(name, help=what, description=what)
        made.add_argument("--config", type=pathlib.Path, default=pathlib.Path(CONFIG), metavar="FILE", help="the settings, default %(default)s")
        made.set_defaults(do=do, is_to_be_protected=False)
        return made

    command("run", "run the service until it is stopped", _run)
    export = command("export", "sessions or months, as CSV or JSON", _export)
    export.add_argument("what", choices=("sessions", "months"), help="a row for each session, or for each month")
    export.add_argument("--format", choices=("csv", "json"), default="csv", help="default %(default)s")
    export.add_argument("--from", dest="first", type=_day, metavar="DATE", help="from that local day on")
    export.add_argument("--to", dest="last", type=_day, metavar="DATE", help="until that local day, which is included")
    export.add_argument("--device", metavar="ID", help="one device, by name or id; default all")
    export.add_argument("--vehicle", metavar="NAME", help="sessions of that vehicle alone; gaps are shown all the same")
    export.add_argument("--price", type=_price, default="contract", metavar="contract|average|0.30",
                        help="by the tariff (default), by its average of the month, or at a flat price of one kWh")
    for name, what, do, of in (
            ("backup", "write the whole store to one file; the service may run meanwhile", _backup, "to write; a backup that is there is replaced"),
            ("restore", "fill an empty store from such a file; the service must not run", _restore, "that backup wrote")):
        command(name, what, do).add_argument("file", type=pathlib.Path, metavar="FILE", help=of)
    command("notify", "try the addresses of notify.urls", _notify).add_argument(
        "--test", action="store_true", required=True, help="send each a test message")
    vehicle = command("vehicle", "say which vehicle a session was", _vehicle)
    vehicle.add_argument("number", type=int, metavar="NUMBER", help="of the session, as the export has it")
    vehicle.add_argument("name", type=_vehicle_name, metavar="NAME", help='the vehicle; "" for none')
    vehicle.add_argument("--device", metavar="ID", help=ONE)
    skip = command("skip", "leave a day out of the standing orders", _skip)
    skip.add_argument("day", type=_day, metavar="DATE", help="the day of the departure")
    skip.add_argument("--undo", action="store_true", help="not any more")
    skip.add_argument("--device", metavar="ID", help=ONE)
    forget = command("forget", "delete the sessions of a vehicle, or of a person, for good", _forget)
    forget.add_argument("name", type=_vehicle_name, metavar="NAME", help="as it stands in the column vehicle of the export")
    meter = command("meter", "note what a separate meter says", _meter)
    meter.add_argument("wh", type=_meter_wh, metavar="KWH", help="as 12345.6; another one for the same minute replaces it")
    meter.add_argument("--at", type=_time, metavar="TIME", help="local time, as 2026-01-31T07:30; default now")
    meter.add_argument("--device", metavar="ID", help=ONE)
    access_commands.add_commands(command)
    return words


class _Wrong(Exception):
    """What was given does not fit; args[0] says why."""


class _Failed(Exception):
    """It was not done; args[0] says why."""


def _day(text):
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, as 2026-01-31") from None


def _price(text):
    from home import export
    try:
        return export.price_words(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text!r} {problem}") from None


def _time(text):
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time, as 2026-01-31T07:30") from None
    return text


def _meter_wh(text):
    from home import corrections
    try:
        return corrections.wh_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no figure of a meter in kWh, as 12345.6") from None


def _vehicle_name(text):
    from home import corrections
    if not corrections.is_vehicle(text):
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is no name: at most {corrections.VEHICLE_MAX} characters that can be printed")
    return text


def _run(given, its):
    import uvicorn

    from home.api import app
    from home.service import Service
    from home.web.server import Server
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(log_redaction.Formatter("%(asctime)s %(message)s", its.devices))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("home").setLevel(logging.INFO)
    service = Service(its)
    server = Server(uvicorn.Config(app.app(service), its.web.host, its.web.port, log_level="warning", access_log=False, lifespan="off",
                                           proxy_headers=False, server_header=False))
    # Until the server hears signals itself.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    broken = []

    def end(problem):
        broken.append(problem)
        logging.getLogger("home").error("a part of the service broke", exc_info=problem[:3])
        server.should_exit = True

    # A service without one of its threads is none: it ends, and systemd starts it again.
    threading.excepthook = end
    service.start()
    logging.getLogger("home").info("store %s, page %s", service.engine.url.render_as_string(), its.web.page)
    try:
        server.run()
    except SystemExit:
        raise _Wrong(f"web.listen: {its.web.host}:{its.web.port} cannot be listened on: is the service running already,"
                     " or is this no address of this computer?") from None
    finally:
        service.stop()
    if broken:
        raise database.StoreFailed(f"ended, for {broken[0].thread.name} broke: {broken[0].exc_value}")


def _notify(given, its):
    from home.notify import courier, sender
    if not its.notify.urls:
        raise _Wrong("notify.urls is empty: there is no address to send to")
    said = {courier.DELIVERED: "delivered", courier.NOT_DELIVERED: "not delivered", courier.UNKNOWN: "no address that apprise knows"}
    results = sender.test(its.notify, courier.Courier())
    for place, kind, status in results:
        print(f"address {place} ({kind}): {said[status]}")
    if any(status != courier.DELIVERED for _, _, status in results):
        raise _Failed("not every address has the test message")


def _opened(its):
    """(engine, {device: key}); a device that the store has not met has no key."""
    import sqlalchemy as sa

    from home.store import schema
    engine = database.opened(its.store.url)
    with database.reading(engine) as connection:
        keys = {(row.network, row.device_id): row.id for row in connection.execute(sa.select(schema.device))}
    return engine, {device: keys.get((device.network, device.id)) for device in its.devices}


def _chosen(its, name):
    """The devices that --device means."""
    if name is None:
        return its.devices
    device = its.device(name)
    if device is None:
        raise _Wrong(f"--device: there is no {name!r}; there are {', '.join(device.name for device in its.devices)}")
    return (device,)


def _one(its, keys, name):
    """The one device that is meant."""
    devices = _chosen(its, name)
    if len(devices) > 1:
        raise _Wrong(f"--device is needed: one of {', '.join(device.name for device in devices)}")
    if keys[devices[0]] is None:
        raise _Wrong(f"{devices[0].name}: nothing was heard of it yet")
    return devices[0], keys[devices[0]]


def _export(given, its):
    from home import export
    from home.store import queries
    if given.first and given.last and given.last < given.first:
        raise _Wrong("--to is before --from")
    engine, keys = _opened(its)
    with database.reading(engine) as connection:
        _check_vehicle(given.vehicle, {*queries.vehicles(connection), *(device.vehicle for device in its.devices if device.vehicle)})
        rows = [row for device in _chosen(its, given.device) if keys[device] is not None
                for row in export.rows(given.what, connection, its, device, keys[device], given.first, given.last, given.vehicle, given.price)]
    # CSV has its own ends of lines.
    sys.stdout.reconfigure(newline="", encoding="utf-8")
    sys.stdout.write(export.as_csv(given.what, rows) if given.format == "csv" else export.as_json(rows))


def _check_vehicle(name, known):
    if name is not None and name not in known:
        raise _Wrong(f"--vehicle: no session is of {name!r}; there are {', '.join(sorted(known)) or 'none with a vehicle'}")


def _backup(given, its):
    from home import backup
    try:
        print(f"{backup.backup(database.opened(its.store.url), given.file)} rows written to {given.file}")
    except backup.Broken as problem:
        raise _Wrong(str(problem)) from None


def _restore(given, its):
    from home import backup
    try:
        print(f"{backup.restore(database.opened(its.store.url), given.file)} rows restored from {given.file}")
    except backup.Broken as problem:
        raise _Wrong(str(problem)) from None


def _vehicle(given, its):
    from home import corrections
    engine, keys = _opened(its)
    device, key = _one(its, keys, given.device)
    if abs(given.number) > corrections.NUMBER_MAX:
        raise corrections.NotThere(f"there is no session {given.number}")
    corrections.assign(engine, key, given.number, given.name or None, int(1000 * time.time()))
    print(f"session {given.number} of {device.name}: {given.name or 'no vehicle'}")


def _skip(given, its):
    from home.planning import planner
    engine, keys = _opened(its)
    device, key = _one(its, keys, given.device)
    today = datetime.datetime.now(device.timezone).date()
    if given.day < today:
        raise _Wrong(f"{given.day} is over")
    planner.skip(engine, database.insert_of(engine), key, given.day, not given.undo, today)
    print(f"{device.name}: the standing orders {'count again' if given.undo else 'do not count'} on {given.day}")


def _forget(given, its):
    from home import corrections
    count = corrections.forget(database.opened(its.store.url), given.name, int(1000 * time.time()))
    print(f"sessions deleted: {count}. Messages that tell of them are deleted when they are {its.store.raw_days} days old; older backups keep both")


def _meter(given, its):
    from home import corrections
    engine, keys = _opened(its)
    device, key = _one(its, keys, given.device)
    at_ms = now_ms = int(1000 * time.time())
    if given.at is not None:
        try:
            at_ms = corrections.moment_ms(given.at, device.timezone, now_ms)
        except ValueError:
            raise _Wrong(f"--at: {given.at} is to come, or too long ago") from None
    corrections.read_meter(engine, key, at_ms, given.wh, now_ms)
    print(f"{device.name}: the meter stands at {given.wh / 1000:.12g} kWh at {time_zones.iso(at_ms // 60_000 * 60, device.timezone)}")


def main(arguments=None):
    from home.corrections import NotThere
    given = parser().parse_args(arguments)
    try:
        loaded = settings.load(given.config, given.is_to_be_protected)
        for device in loaded.devices:
            # A name of the database has no such doubts.
            told = time_zone_mistakes.doubt(getattr(device.timezone, "key", ""))
            if told:
                print(f"device {device.id}, timezone: {told}", file=sys.stderr)
        given.do(given, loaded)
    except settings.Wrong as wrong:
        print("\n".join(f"home: {sentence}" for sentence in wrong.args[0]), file=sys.stderr)
        return WRONG
    except (_Wrong, NotThere, access_commands.Refused) as wrong:
        print(f"home: {wrong}", file=sys.stderr)
        return WRONG
    except (database.StoreFailed, _Failed, OSError) as problem:
        print(f"home: {problem}", file=sys.stderr)
        return PROBLEM
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
