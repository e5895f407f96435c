"""Run the command with `python -m startos_wrapper`."""

from startos_wrapper.cli import main

raise SystemExit(main())
