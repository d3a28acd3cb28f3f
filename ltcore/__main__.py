"""python -m ltcore: the command line."""

from .cli import main

main()
