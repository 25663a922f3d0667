"""Measuring a model: protocols, embeddings of whole sets, figures with intervals, reports."""
