"""The tables, as SQLAlchemy Core has them. Instants are UTC milliseconds (`_ms`), energy is Wh, so that SQLite and PostgreSQL hold the same.

A change here needs a step in home/store/migrations/versions; a test compares the two.
"""
import sqlalchemy as sa

metadata = sa.MetaData(naming_convention={
    "pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
})

# SQLite counts by itself in an INTEGER PRIMARY KEY only.
_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _device():
    return sa.Column("device", sa.Integer, sa.ForeignKey("device.id"), nullable=False)


device = sa.Table(
    "device", metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("network", sa.String(80), nullable=False),
    sa.Column("device_id", sa.String(36), nullable=False),
    sa.UniqueConstraint("network", "device_id"))

# Each uplink as it came. Kept for raw_days.
uplink = sa.Table(
    "uplink", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("identity", sa.String(80), nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("f_port", sa.SmallInteger, nullable=False),
    sa.Column("f_cnt", sa.BigInteger, nullable=False),
    sa.Column("backfilled", sa.Boolean, nullable=False),
    sa.Column("rssi", sa.Float),
    sa.Column("snr", sa.Float),
    sa.Column("spreading_factor", sa.SmallInteger),
    sa.Column("airtime_ms", sa.Integer),
    sa.Column("gateways", sa.SmallInteger, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.UniqueConstraint("device", "identity"),
    sa.Index(None, "device", "received_ms"),
    sa.Index(None, "received_ms"))

# What each status said. Kept for raw_days.
reading = sa.Table(
    "reading", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(24), nullable=False),
    sa.Column("code", sa.String(2)),
    sa.Column("reason", sa.String(24)),
    sa.Column("connected", sa.Boolean),
    sa.Column("limit_a", sa.Float),
    sa.Column("power_w", sa.Integer),
    sa.Column("session_wh", sa.BigInteger),
    sa.Column("estimated", sa.Boolean),
    sa.Index(None, "device", "at_ms"),
    sa.Index(None, "at_ms"))

# The newest of each kind of message, whole: status, device.boot, device.charger, ...
latest = sa.Table(
    "latest", metadata,
    sa.Column("device", sa.Integer, sa.ForeignKey("device.id"), primary_key=True),
    sa.Column("what", sa.String(60), primary_key=True),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("decoded", sa.Text, nullable=False))

# Kept for raw_days.
event = sa.Table(
    "event", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("at_ms", sa.BigInteger),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("number", sa.SmallInteger),
    sa.Column("code", sa.String(2)),
    sa.Column("reason", sa.String(24)),
    sa.Column("wh", sa.BigInteger),
    sa.Column("minutes", sa.Integer),
    sa.Index(None, "device", "received_ms"),
    sa.Index(None, "received_ms"))

# What the device was asked for, by this house or elsewhere, and what became of it. issued_at, expires_at: UTC seconds, as on the air.
# sends: how often we published it, the last time at tried_ms; sent_ms: when it was last on the air. Kept for raw_days.
command = sa.Table(
    "command", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("who", sa.String(80), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("name", sa.String(24), nullable=False),
    sa.Column("command_id", sa.SmallInteger),
    sa.Column("issued_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("fate", sa.String(16), nullable=False),
    sa.Column("detail", sa.String(80)),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("sends", sa.SmallInteger, nullable=False),
    sa.Column("tried_ms", sa.BigInteger),
    sa.Column("sent_ms", sa.BigInteger),
    sa.Column("answered_ms", sa.BigInteger),
    sa.Index(None, "device", "at_ms"),
    sa.Index(None, "at_ms"))

# Downlinks of anybody, as the network told them: those that wait in its queue (waits), and those that were sent. message: to queue it again by.
downlink = sa.Table(
    "downlink", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("waits", sa.Boolean, nullable=False),
    sa.Column("f_port", sa.SmallInteger, nullable=False),
    sa.Column("payload", sa.String(400), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Index(None, "device", "at_ms"),
    sa.Index(None, "at_ms"))

# The session book. Kept until the owner deletes it. number: unwrapped; wire_number: the seven bits that the device sends.
session = sa.Table(
    "session", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("box", sa.Integer, nullable=False),
    sa.Column("wire_number", sa.SmallInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("order_ms", sa.BigInteger, nullable=False),
    sa.Column("started_ms", sa.BigInteger),
    sa.Column("duration_min", sa.Integer),
    sa.Column("energy_wh", sa.BigInteger),
    sa.Column("estimated", sa.Boolean, nullable=False),
    sa.Column("reason", sa.String(24)),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("vehicle", sa.String(80)),
    sa.Column("is_settled", sa.Boolean, nullable=False),     # its quarter hours are calculated from all that is known
    sa.Index(None, "device", "order_ms"),
    sa.Index(None, "device", "number"),
    sa.Index(None, "is_settled", sqlite_where=sa.text("NOT is_settled"), postgresql_where=sa.text("NOT is_settled")))

# When a session's energy flowed. quarter: of an hour, counted from 1970. is_sure: readings tell that it was then.
session_energy = sa.Table(
    "session_energy", metadata,
    sa.Column("session", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("quarter", sa.Integer, primary_key=True),
    sa.Column("wh", sa.BigInteger, nullable=False),
    sa.Column("is_sure", sa.Boolean, nullable=False))

# Who changed what by hand.
change = sa.Table(
    "change", metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("about", sa.String(120), nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("after", sa.Text),
    sa.Column("who", sa.String(80)))

# Readings of a separate meter, typed in.
meter_reading = sa.Table(
    "meter_reading", metadata,
    sa.Column("id", _Key, primary_key=True),
    _device(),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("wh", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("device", "at_ms"))

# Prices of a source, each for a span of time, per kWh and without tax.
price = sa.Table(
    "price", metadata,
    sa.Column("source", sa.String(80), primary_key=True),
    sa.Column("start_s", sa.BigInteger, primary_key=True),
    sa.Column("end_s", sa.BigInteger, nullable=False),
    sa.Column("price_kwh", sa.Float, nullable=False))

# What parts of the service remember, by their own name, as JSON.
memory = sa.Table(
    "memory", metadata,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("value", sa.Text, nullable=False))
