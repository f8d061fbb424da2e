"""A kernel for one run: this environment's Python, private sockets, nothing left behind.

A stock kernel manager takes whatever kernel the user's folders call ``python3``, which may be another environment, and
opens TCP ports, which two runs at once may race for. This one starts the Python that is running now and speaks over
sockets in a private folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

NAME = "python3"

# Set before the kernel's first import, so that a run does not depend on the shell that started it: a fixed order of
# sets, and no complaint of the debugger about frozen modules.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


class PrivateKernelManager(AsyncKernelManager):
    """Starts the running interpreter as the kernel of one run.

    What the kernel process writes outside its cells (a crash report, a library's complaint) goes to a file in the
    private folder and never to the terminal, which belongs to the command line's own answer.
    """

    def __init__(self, **kwargs: Any) -> None:
        # /tmp, not $TMPDIR: the path of a socket must stay under about 100 characters
        short = "/tmp" if Path("/tmp").is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix=f"bizops-{os.getpid()}-", dir=short))
        super().__init__(**kwargs)
        self.transport = "ipc"
        self.connection_file = str(self._folder / "kernel.json")
        self.ip = str(self._folder / "socket")

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel of this interpreter, whatever kernels the user has installed."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python", metadata={"debugger": False})

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
        """Start the kernel; its environment is ours with the few fixed settings above."""
        environment = {**os.environ, **_ENVIRONMENT, **kwargs.pop("env", {})}
        with self.log_file.open("ab") as log:
            await super().start_kernel(env=environment, stdout=log, stderr=log, **kwargs)

    @property
    def log_file(self) -> Path:
        """What the kernel process wrote outside its cells."""
        return self._folder / "kernel.log"

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Remove sockets, connection file and the private folder."""
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            shutil.rmtree(self._folder, ignore_errors=True)
