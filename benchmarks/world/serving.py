"""A server process of the application that a factory makes, as `pars serve` runs one.

`python -m benchmarks.world.serving MODULE:FUNCTION PORT`
"""

from __future__ import annotations

import sys

import uvicorn

from app.core.config import Settings
from app.core.http.serving import ServingConfig

if __name__ == "__main__":
    uvicorn.Server(ServingConfig(sys.argv[1], Settings(), host="127.0.0.1", port=int(sys.argv[2]))).run()
