"""`python -m host_tools.profiles`: the same as `islet profiles`."""

import sys

from host_tools.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["profiles", *sys.argv[1:]]))
