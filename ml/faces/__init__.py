"""From the bytes of a picture to aligned faces: decode, detect, select, align, assess."""
