"""PostgreSQL refuses to run as root: then it runs as an account without rights, and its files are given to that one."""

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_WITHOUT_RIGHTS = ("postgres", "nobody")


class Account(NamedTuple):
    """Whose processes and files the server's are. `switch`: we are root and hand over to it."""

    uid: int
    gid: int
    switch: bool

    def run(self, command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run to the end, with what it said."""
        return subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def give(self, path: Path) -> None:
        """Let the account alone have this file or folder. Raises PermissionError when somebody else was there first."""
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_uid not in {os.geteuid(), self.uid}:
            raise PermissionError(f"{path} belongs to somebody else")
        path.chmod(0o700 if stat.S_ISDIR(found.st_mode) else 0o600)
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def open_way(self, folder: Path) -> None:
        """As root, let others pass through (not list) this folder and those above, or the account reaches nothing."""
        if not self.switch:
            return
        for step in (folder, *folder.parents):
            mode = stat.S_IMODE(step.stat().st_mode)
            if not mode & stat.S_IXOTH:
                step.chmod(mode | stat.S_IXOTH)


def account_for(data: Path) -> Account:
    """As root: the account that owns the data already, else one without rights. Otherwise ourselves."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid, switch=True)
    for name in _WITHOUT_RIGHTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid, switch=True)
    raise PermissionError(f"PostgreSQL does not run as root, and there is no account {' or '.join(_WITHOUT_RIGHTS)}")
