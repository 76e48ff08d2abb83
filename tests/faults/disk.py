"""A disk of the store's own: a small ext4 in a file, to be filled, and broken as the kernel breaks a failing one."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

SIZE = 448 << 20  # bytes: the cluster, its log, and room for some thousands of records
SMALLEST = 4096


class NoDisk(Exception):
    """No disk can be made here; the text says why."""


class Disk:
    """Mounted at `folder` until `close`. Whoever has a file open on it keeps it from being mended."""

    def __init__(self, place: Path) -> None:
        """Make and mount it in the folder `place`; raises NoDisk."""
        self.folder = place / "disk"
        self._image = place / "disk.img"
        self._filling = self.folder / "filling"
        if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
            raise NoDisk("only root, with `mkfs.ext4`, makes a disk of its own")
        self.folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0", str(self._image))
        self._mount()
        self.folder.chmod(0o755)

    def fill(self) -> None:
        """Leave no block free."""
        with self._filling.open("wb") as filling:
            step, end = SIZE, 0
            while step >= SMALLEST:
                try:
                    os.posix_fallocate(filling.fileno(), end, step)
                    end += step
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    step //= 2

    def free(self) -> None:
        self._filling.unlink(missing_ok=True)
        self.settle()  # until then its blocks are nobody's

    def settle(self) -> None:
        """Have everything on it that was written so far, by whatever hand."""
        _run("sync", "-f", str(self.folder))

    def breaks(self) -> None:
        """Have the kernel find an error in it: from then on it is read-only, whoever has what open."""
        self._trigger.write_text("an error")

    def mend(self) -> None:
        """Unmount it, as whoever repairs it must, and mount it again: what was not on it is lost."""
        _run("umount", str(self.folder))
        self._mount()

    def close(self) -> None:
        _run("umount", str(self.folder))

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))
        device = Path(_run("findmnt", "-n", "-o", "SOURCE", str(self.folder)).strip()).name
        self._trigger = Path("/sys/fs/ext4", device, "trigger_fs_error")
        if not self._trigger.exists():
            _run("umount", str(self.folder))
            raise NoDisk("this kernel breaks no disk on request")


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoDisk(f"`{words[0]}` failed: {done.stderr.strip()}")
    return done.stdout
