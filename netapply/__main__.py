"""`python -m netapply` is the `netapply` command."""

from __future__ import annotations

import sys

from netapply.cli import main

sys.exit(main())
