"""People, their data keys, anchors and embeddings."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.models.account import Account
from webapp.db.models.columns import CreatedAt, Id, Model

IDENTIFIER_LENGTH = 64
NAME_LENGTH = 100


class Person(Model):
    """An enrolled person.

    Attributes:
        identifier_key, name_key: comparison keys of identifier and name.
        gallery_version: version of the gallery at the last change of the person's anchors.
        consent_terms: the settings that the person agreed to.
        link_number: unused; an earlier release signed links with it.
    """

    __tablename__ = "person"
    __table_args__ = (Index(None, "name_key", "identifier_key"),)

    id: Mapped[Id]
    identifier: Mapped[str] = mapped_column(String(IDENTIFIER_LENGTH))
    identifier_key: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String)
    consent_version: Mapped[str] = mapped_column(String(32))
    consent_at: Mapped[datetime] = mapped_column(index=True)
    consent_terms: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    link_number: Mapped[int] = mapped_column(default=0)
    gallery_version: Mapped[int] = mapped_column(index=True)
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )

    key: Mapped[PersonKey] = relationship(passive_deletes=True)
    anchors: Mapped[list[Anchor]] = relationship(
        back_populates="person", passive_deletes=True, order_by="Anchor.created_at"
    )


class PersonKey(Model):
    """A person's data key, wrapped by the master key; deleting it makes their data unreadable."""

    __tablename__ = "person_key"

    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    master_key_id: Mapped[str] = mapped_column(String(16), index=True)


class OwnLink(Model):
    """The link to a person's own page; a newer link replaces the row.

    `digest` is the keyed digest of the token in the link. Deleting the account that made the link
    deletes it too.
    """

    __tablename__ = "own_link"

    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, index=True)
    created_by_id: Mapped[UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[CreatedAt]
    ends_at: Mapped[datetime]

    created_by: Mapped[Account] = relationship()


class Anchor(Model):
    """An enrolled photo, sealed; a disabled one (`retired_at`) is stored but not compared.

    Rows are large, and reading a column behind the photo reads all of it. So queries over many
    anchors use the indices alone.
    """

    __tablename__ = "anchor"
    __table_args__ = (Index(None, "person_id", "retired_at"), Index(None, "retired_at", "id"))

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    picture: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    quality: Mapped[dict[str, object]] = mapped_column(JSON)
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(back_populates="anchors")


class AnchorEmbedding(Model):
    """The sealed embedding of an anchor by one model; each model has its own row."""

    __tablename__ = "anchor_embedding"
    __table_args__ = (
        UniqueConstraint("anchor_id", "model_id"),
        Index(None, "model_id", "person_id"),
    )

    id: Mapped[Id]
    anchor_id: Mapped[UUID] = mapped_column(ForeignKey("anchor.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    model_id: Mapped[str] = mapped_column(String(64))
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class GalleryVersion(Model):
    """The version of the gallery: a single row, incremented by every change of anchors.

    The increment is part of the transaction that changes the anchors.
    """

    __tablename__ = "gallery_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


class GalleryChange(Model):
    """A recent version of the gallery, and the person that this change deleted.

    A process that refreshes its cache learns of deletions without reading everyone else. It may
    rely on them only if every number is present: an earlier release writes none, and old numbers
    are dropped.
    """

    __tablename__ = "gallery_change"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    deleted_person_id: Mapped[UUID | None]
