"""Cues that one picture gives by itself; measured, and not asked: docs/decisions/0020."""
