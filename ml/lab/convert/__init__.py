"""Conversion of published weights to artifacts; nothing served imports it."""
