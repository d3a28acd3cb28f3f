"""Keypoints, the patches around them, and classical descriptors."""
