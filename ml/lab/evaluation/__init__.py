"""Evaluation of models: protocols, embeddings of whole sets, figures with intervals, reports."""
