"""`python -m backplane`, for a bare checkout."""

from .daemon import main

raise SystemExit(main())
