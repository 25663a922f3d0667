"""Which kinds of background work there are; `webapp.jobs` says how to add one."""

from __future__ import annotations

from webapp.jobs import Kinds

KINDS: Kinds = {}
