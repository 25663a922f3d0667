"""Data sets: scan folders, align faces, remove overlap, split by person."""
