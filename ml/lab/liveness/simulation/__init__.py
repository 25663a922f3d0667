"""Heads and pictures in front of a simulated camera, to measure what cannot be filmed here.

Real: the photos whose faces are shown, and everything that judges them, from the JPEG on. Modelled:
the shape of the head, how people and attackers move, the light, the lens, the sensor, the screen.
"""
