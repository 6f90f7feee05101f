"""What the device was asked for, and the downlinks of a day."""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _key():
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _device():
    return sa.Column("device", sa.Integer, sa.ForeignKey("device.id"), nullable=False)


def upgrade():
    op.create_table(
        "command",
        sa.Column("id", _key(), primary_key=True),
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
        sa.Column("answered_ms", sa.BigInteger))
    op.create_table(
        "downlink",
        sa.Column("id", _key(), primary_key=True),
        _device(),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("f_port", sa.SmallInteger, nullable=False),
        sa.Column("payload", sa.String(400), nullable=False),
        sa.Column("message", sa.Text, nullable=False))
    for table in ("command", "downlink"):
        op.create_index(f"ix_{table}_device_at_ms", table, ["device", "at_ms"])
        op.create_index(f"ix_{table}_at_ms", table, ["at_ms"])
