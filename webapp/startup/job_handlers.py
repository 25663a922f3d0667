"""The kinds of background jobs; `webapp.jobs.queue` documents how to add one."""

from __future__ import annotations

from datetime import timedelta

from webapp.jobs.queue import Kind, Kinds
from webapp.services.models.reembedding import change_model
from webapp.services.models.selection import CHANGE_MODEL
from webapp.services.models.vector_index import INDEX_VECTORS, index_vectors
from webapp.services.people.retention import DELETE_EXPIRED, work_off

JOB_HANDLERS: Kinds = {
    CHANGE_MODEL: Kind(change_model),
    DELETE_EXPIRED: Kind(work_off, every=timedelta(days=1)),
    INDEX_VECTORS: Kind(index_vectors, every=timedelta(days=1)),
}
