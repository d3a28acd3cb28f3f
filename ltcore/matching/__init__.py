"""From descriptors to matches."""
