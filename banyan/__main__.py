"""`python -m banyan`: the `banyan` command where its console script is not on the PATH."""

import sys

from banyan.cli.main import main

sys.exit(main())
