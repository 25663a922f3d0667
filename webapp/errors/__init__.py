"""Errors of the services: one type for each reason, one module for each subject."""
