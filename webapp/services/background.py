"""Which kinds of background work there are; `webapp.jobs` says how to add one."""

from __future__ import annotations

from datetime import timedelta

from webapp.jobs import Kind, Kinds
from webapp.services.reembedding import change_model
from webapp.services.retention import DELETE_EXPIRED, work_off
from webapp.services.serving import CHANGE_MODEL
from webapp.services.vector_index import INDEX_VECTORS, index_vectors

KINDS: Kinds = {
    CHANGE_MODEL: Kind(change_model),
    DELETE_EXPIRED: Kind(work_off, every=timedelta(days=1)),
    INDEX_VECTORS: Kind(index_vectors, every=timedelta(days=1)),
}
