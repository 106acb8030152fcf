"""`make bench-identity`: FEBRL 4 beside its peers, then synthetic registries. `... identity febrl` runs one part."""

from __future__ import annotations

import sys

from app.core.logging import configure_logging
from benchmarks.identity import linking, synthetic

PARTS = {"febrl": linking.run, "alone": synthetic.run_alone, "synthetic": synthetic.run}


def main() -> None:
    """Run the parts named, or all."""
    configure_logging()
    named = sys.argv[1:] or list(PARTS)
    for part in named:
        PARTS[part]()


if __name__ == "__main__":
    main()
