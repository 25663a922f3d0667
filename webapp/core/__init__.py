"""Helpers that every other package may import; they depend on neither Flask nor the database."""
