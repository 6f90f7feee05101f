"""What comes in is written here: each uplink once, in one transaction with all that follows from it."""
import dataclasses

import sqlalchemy as sa

from home import energy_total, sessions
from home.store import book, decoded, memory, schema
from home.store.database import insert_of, writing

_CHUNK = 500     # rows of one statement


class Writer:
    """The only one that writes uplinks. devices: {(network, device id): key in the store}; places: {the same: its usual vehicle or ""}."""

    def __init__(self, engine, places):
        self.engine = engine
        self.devices = {}
        self._vehicles = {}
        self.insert = insert_of(engine)
        with writing(engine) as connection:
            for (network, device_id), vehicle in places.items():
                self.devices[network, device_id] = key = _key_of(connection, self.insert, network, device_id)
                self._vehicles[key] = vehicle or None

    def write(self, network, uplinks, backfilled=False):
        """Store those of our devices; the new ones. Nothing is stored if it fails (StoreFailed)."""
        known = {}
        for uplink in uplinks:
            key = self.devices.get((network, uplink.device_id))
            if key is not None:
                known.setdefault((key, uplink.identity), uplink)
        if not known:
            return []
        with writing(self.engine) as connection:
            fresh = self._new(connection, known, backfilled)
            new = {}
            for place in sorted(fresh, key=lambda place: known[place].received_ms):
                new.setdefault(place[0], []).append(known[place])
            self._readings(connection, new)
            self._latest(connection, new)
            for device, its in new.items():
                self._book(connection, device, its)
                self._total(connection, device, its)
            book.settle(connection)
        return [uplink for its in new.values() for uplink in its]

    def _new(self, connection, known, backfilled):
        """Places of those that were not there yet."""
        rows = [{
            "device": device, "identity": identity, "received_ms": uplink.received_ms, "f_port": uplink.f_port & 0xFF, "f_cnt": uplink.f_cnt,
            "backfilled": backfilled, "rssi": uplink.rssi, "snr": uplink.snr, "spreading_factor": uplink.spreading_factor,
            "airtime_ms": uplink.airtime_ms, "gateways": uplink.gateways, "message": uplink.message,
        } for (device, identity), uplink in known.items()]
        statement = self.insert(schema.uplink).on_conflict_do_nothing(index_elements=["device", "identity"]).returning(
            schema.uplink.c.device, schema.uplink.c.identity)
        return [tuple(row) for start in range(0, len(rows), _CHUNK) for row in connection.execute(statement, rows[start:start + _CHUNK])]

    def _readings(self, connection, new):
        for table, of in ((schema.reading, decoded.reading), (schema.event, decoded.event)):
            rows = [{"device": device, **row} for device, its in new.items() for uplink in its if (row := of(uplink))]
            if rows:
                connection.execute(sa.insert(table), rows)

    def _latest(self, connection, new):
        rows = {}
        for device, its in new.items():
            for uplink in its:
                what = decoded.kind(uplink)
                if what:
                    rows[device, what] = {
                        "device": device, "what": what, "received_ms": uplink.received_ms, "decoded": decoded.as_text(uplink.decoded)}
        if rows:
            statement = self.insert(schema.latest)
            given = statement.excluded
            connection.execute(statement.on_conflict_do_update(
                index_elements=["device", "what"], set_={"received_ms": given.received_ms, "decoded": given.decoded},
                where=given.received_ms >= schema.latest.c.received_ms), list(rows.values()))

    def _book(self, connection, device, its):
        for uplink in its:
            record = decoded.record(uplink)
            if record:
                book.add(connection, device, record, self._vehicles[device])
        times = [uplink.received_ms for uplink in its if (uplink.decoded or {}).get("type") == "status"]
        if times:
            book.unsettle(connection, device, min(times), max(times))

    def _total(self, connection, device, its):
        name = f"energy_total/{device}"
        total = before = energy_total.Total(**memory.get(connection, name, {}))
        latest = None
        for uplink in its:
            row = decoded.reading(uplink)
            told = decoded.total(uplink)
            record = decoded.record(uplink)
            if record and record.is_dated:
                total = energy_total.with_record(total, uplink.received_ms, sessions.end_ms(record), record.energy_wh)
            if row:
                total = energy_total.with_status(total, row["at_ms"], row["session_wh"], row["power_w"], uplink.spreading_factor,
                                                row["state"] == "Charging")
            elif at_rest := decoded.rest(uplink):
                total = energy_total.with_rest(total, uplink.received_ms, *at_rest)
            if told:
                total = energy_total.with_told(total, uplink.received_ms, told[0])
                if told[1] is not None:
                    is_open = book.is_open(connection, device, uplink.received_ms) if told[2] is None else told[2]
                    latest = {"wire_number": told[1], "is_open": is_open}
        if total != before:
            memory.put(connection, self.insert, name, dataclasses.asdict(total))
        if latest:
            memory.put(connection, self.insert, f"latest_session/{device}", latest)


def _key_of(connection, insert, network, device_id):
    """The key of that device, which is made where it is new."""
    connection.execute(insert(schema.device).values(network=network, device_id=device_id).on_conflict_do_nothing())
    table = schema.device.c
    return connection.execute(sa.select(table.id).where(table.network == network, table.device_id == device_id)).scalar_one()
