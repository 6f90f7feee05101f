"""Who changed something by hand."""
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("change", sa.Column("who", sa.String(80)))
