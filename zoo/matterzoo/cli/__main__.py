"""`python -m matterzoo.cli`: the command, where the script is not on PATH."""

from matterzoo.cli import main

main()
