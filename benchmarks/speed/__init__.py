"""How fast: each part measured in one run with what it replaces."""
