"""Counts what a server allocates, from outside."""

import mmap
import pathlib
import struct
import subprocess

from kills import compiler

SOURCE = pathlib.Path(__file__).with_name("allocations.c")


class Allocations:
    """The count of the processes that are started with its environment, children included."""

    def __init__(self, directory, name="server"):
        """`name` keeps two counts in one directory apart."""
        library = pathlib.Path(directory) / f"{name}-allocations.so"
        # Without the compiler's own knowledge of these functions, which would let it call them in each other's place.
        subprocess.run([compiler(), "-shared", "-fPIC", "-O1", "-fno-builtin", "-o", str(library), str(SOURCE)], check=True)
        path = pathlib.Path(directory) / f"{name}-allocations"
        path.write_bytes(bytes(8))
        self.file = open(path, "r+b")
        self.state = mmap.mmap(self.file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "CONCORD_ALLOCATIONS": str(path)}

    @property
    def count(self):
        return struct.unpack("q", self.state[:8])[0]

    def close(self):
        self.state.close()
        self.file.close()
