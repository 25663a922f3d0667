"""Results of forms, stored for the page that shows them after the redirect."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.columns import Id, Model


class ResultKind(StrEnum):
    """The page that shows a result."""

    VERIFICATION = "verification"
    IDENTIFICATION = "identification"
    API_KEY = "api_key"
    RECOVERY_CODES = "recovery_codes"
    OWN_LINK = "own_link"


class PageResult(Model):
    """A result until `expires_at`; `content` is sealed under a key of the browser's session."""

    __tablename__ = "page_result"

    id: Mapped[Id]
    kind: Mapped[ResultKind] = mapped_column(String(16))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)
