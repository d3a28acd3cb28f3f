"""LTFormer: network, weights, inference."""
