"""Which kinds of background work there are; `webapp.jobs` says how to add one."""

from __future__ import annotations

from webapp.jobs import Kind, Kinds
from webapp.services.reembedding import change_model
from webapp.services.serving import CHANGE_MODEL

KINDS: Kinds = {CHANGE_MODEL: Kind(change_model)}
