"""Synthetic children and the pretended agencies that hold their records, for demonstration and tests alone."""
