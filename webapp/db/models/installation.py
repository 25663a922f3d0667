"""The installation key, wrapped by the master key."""

from __future__ import annotations

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.columns import Model

ONLY_ROW = 1


class InstallationKey(Model):
    """The key from which digests and signatures are derived; a single row that never changes.

    It outlives every master key, so digests and signatures stay valid.
    """

    __tablename__ = "installation_key"

    id: Mapped[int] = mapped_column(primary_key=True, default=ONLY_ROW)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    master_key_id: Mapped[str] = mapped_column(String(16))
