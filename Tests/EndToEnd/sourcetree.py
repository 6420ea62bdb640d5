"""A copy of this source tree in which a test may change sources and build, without a cold build."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from harness import BINARY, ROOT

# Ways to see the copy at the tree's own path: what SwiftPM has built names its sources by absolute paths.
NAMESPACES = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
ENTER = 'mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"'


def tracked():
    """The tree's files, those that are not committed yet included."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


class SourceTree:
    """`path` is the copy; `run` runs a command in it, at the tree's own path where the system lets it."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="concord-tree-")
        self.path = pathlib.Path(self.directory.name) / "concord"
        self.programs = pathlib.Path(self.directory.name) / "bin"
        self.path.mkdir()
        self.programs.mkdir()
        self.namespace = next((way for way in NAMESPACES if self.works(way)), None)
        names = tracked() + ["Package.resolved"]
        subprocess.run(["xargs", "-0", "cp", "-a", "--parents", "-t", self.path], cwd=ROOT, check=True, text=True,
                       input="\0".join(name for name in names if (ROOT / name).exists()))
        self.copy_build()
        # The binary lies in the tree, which is out of sight while the copy is in its place.
        for file in (pathlib.Path(BINARY), pathlib.Path(BINARY).parent / "libPluginAPI.so"):
            shutil.copy2(file, self.programs / file.name)
        self.run("git", "init", "--quiet")

    @staticmethod
    def works(way):
        result = subprocess.run([*way, "sh", "-c", ENTER, ROOT, ROOT, "true"], capture_output=True)
        return result.returncode == 0

    def copy_build(self):
        begin = time.monotonic()
        build = self.path / ".build"
        if self.namespace:
            parts = [ROOT / ".build"]
        else:
            # Sources of packages only: nothing that is built fits another path.
            build.mkdir()
            parts = [ROOT / ".build" / name for name in ("repositories", "checkouts")]
            print("no way to mount the copy in the tree's place: it is built cold")
        for part in parts:
            subprocess.run(["cp", "-a", "--reflink=auto", part, build if part.name == ".build" else build / part.name],
                           check=True)
        print(f"copying what is built took {time.monotonic() - begin:.0f} s")

    def run(self, *command, check=True, timeout=1800):
        """Takes `concord` from the binary under test."""
        environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}
        if self.namespace:
            command = [*self.namespace, "sh", "-c", ENTER, self.path, ROOT, *command]
        result = subprocess.run(command, cwd="/" if self.namespace else self.path, env=environment,
                                capture_output=True, text=True, timeout=timeout)
        if check and result.returncode != 0:
            raise AssertionError(f"{command}: exit {result.returncode}\n{result.stdout[-6000:]}\n{result.stderr[-6000:]}")
        return result

    def files(self):
        """What is in the copy and no product of a build, by path."""
        names = []
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if name not in (".build", ".git")]
            names += [pathlib.Path(folder) / name for name in files]
        return {str(name.relative_to(self.path)): name.read_bytes() for name in names}

    def close(self):
        self.directory.cleanup()
