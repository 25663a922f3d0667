"""From folders of pictures to batches of chips: scan, align, clean, split, sample, augment."""
