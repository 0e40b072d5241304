"""The command line, as `python -m stylejax`."""

from stylejax.cli.main import main

if __name__ == "__main__":
    main()
