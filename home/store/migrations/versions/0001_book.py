"""The first tables: uplinks, readings, events, the session book, prices."""
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _key():
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _device():
    return sa.Column("device", sa.Integer, sa.ForeignKey("device.id"), nullable=False)


def upgrade():
    op.create_table(
        "device",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("network", sa.String(80), nullable=False),
        sa.Column("device_id", sa.String(36), nullable=False),
        sa.UniqueConstraint("network", "device_id"))
    op.create_table(
        "uplink",
        sa.Column("id", _key(), primary_key=True),
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
        sa.UniqueConstraint("device", "identity"))
    op.create_index("ix_uplink_device_received_ms", "uplink", ["device", "received_ms"])
    op.create_index("ix_uplink_received_ms", "uplink", ["received_ms"])
    op.create_table(
        "reading",
        sa.Column("id", _key(), primary_key=True),
        _device(),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("code", sa.String(2)),
        sa.Column("reason", sa.String(24)),
        sa.Column("connected", sa.Boolean),
        sa.Column("limit_a", sa.Float),
        sa.Column("power_w", sa.Integer),
        sa.Column("session_wh", sa.BigInteger),
        sa.Column("estimated", sa.Boolean))
    op.create_index("ix_reading_device_at_ms", "reading", ["device", "at_ms"])
    op.create_index("ix_reading_at_ms", "reading", ["at_ms"])
    op.create_table(
        "latest",
        sa.Column("device", sa.Integer, sa.ForeignKey("device.id"), primary_key=True),
        sa.Column("what", sa.String(60), primary_key=True),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("decoded", sa.Text, nullable=False))
    op.create_table(
        "event",
        sa.Column("id", _key(), primary_key=True),
        _device(),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("number", sa.SmallInteger),
        sa.Column("code", sa.String(2)),
        sa.Column("reason", sa.String(24)),
        sa.Column("wh", sa.BigInteger),
        sa.Column("minutes", sa.Integer))
    op.create_index("ix_event_device_received_ms", "event", ["device", "received_ms"])
    op.create_index("ix_event_received_ms", "event", ["received_ms"])
    op.create_table(
        "session",
        sa.Column("id", _key(), primary_key=True),
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
        sa.Column("is_settled", sa.Boolean, nullable=False))
    op.create_index("ix_session_device_order_ms", "session", ["device", "order_ms"])
    op.create_index("ix_session_device_number", "session", ["device", "number"])
    op.create_index("ix_session_is_settled", "session", ["is_settled"], sqlite_where=sa.text("NOT is_settled"),
                    postgresql_where=sa.text("NOT is_settled"))
    op.create_table(
        "session_energy",
        sa.Column("session", _key(), sa.ForeignKey("session.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("quarter", sa.Integer, primary_key=True),
        sa.Column("wh", sa.BigInteger, nullable=False),
        sa.Column("is_sure", sa.Boolean, nullable=False))
    op.create_table(
        "change",
        sa.Column("id", _key(), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("about", sa.String(120), nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text))
    op.create_table(
        "meter_reading",
        sa.Column("id", _key(), primary_key=True),
        _device(),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("wh", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("device", "at_ms"))
    op.create_table(
        "price",
        sa.Column("source", sa.String(80), primary_key=True),
        sa.Column("start_s", sa.BigInteger, primary_key=True),
        sa.Column("end_s", sa.BigInteger, nullable=False),
        sa.Column("price_kwh", sa.Float, nullable=False))
    op.create_table(
        "memory",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("value", sa.Text, nullable=False))
