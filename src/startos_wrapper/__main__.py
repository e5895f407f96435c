"""`python -m startos_wrapper` is the command `startos-wrapper`."""

from startos_wrapper.cli import main

raise SystemExit(main())
