"""Simulation of heads and attacks in front of a camera, for cases that cannot be filmed.

Real: the photos of the faces, and everything that processes the JPEG. Modelled: the shape of the
head, the movements of people and attackers, light, lens, sensor and screen.
"""
