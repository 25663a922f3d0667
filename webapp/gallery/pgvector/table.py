"""The table of embeddings that pgvector compares; it exists only with VECTORS_IN_DATABASE."""

from __future__ import annotations

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import Column, ForeignKey, Index, MetaData, String, Table, Uuid

from webapp.db.models.columns import NAMES
from webapp.db.models.person import Anchor, AnchorEmbedding, Person

# Separate from the other tables: this one needs an extension that a database may lack.
VECTOR_TABLES = MetaData(naming_convention=NAMES)


def _key_of(row: type[Anchor | AnchorEmbedding | Person]) -> ForeignKey:
    return ForeignKey(row.__table__.c.id, ondelete="CASCADE")


# Column `turned`: an embedding after the secret rotation. Deleting the sealed one deletes the row.
anchor_vector = Table(
    "anchor_vector",
    VECTOR_TABLES,
    Column("embedding_id", Uuid, _key_of(AnchorEmbedding), primary_key=True),
    Column("anchor_id", Uuid, _key_of(Anchor), nullable=False, index=True),
    Column("person_id", Uuid, _key_of(Person), nullable=False, index=True),
    Column("model_id", String(64), nullable=False),
    Column("turned", VECTOR(), nullable=False),
    Index(None, "model_id", "person_id"),
)
