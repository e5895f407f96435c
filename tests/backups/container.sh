#!/bin/sh
# Runs a program as StartOS runs one in its compat image: in its own root, as process 1, with only these volumes.
# Usage: unshare --mount --pid --fork sh container.sh ROOT TOOLS MOUNTS PROGRAM [ARGUMENT]...
# ROOT is an empty folder, TOOLS has the programs that only compat has, and MOUNTS has a line `ro|rw SOURCE TARGET` each.
set -eu
root=$1 tools=$2 mounts=$3
shift 3
mount -t tmpfs -o mode=755 compat "$root"
cd "$root"
mkdir -p dev etc mnt proc root run tmp usr var/tmp
ln -s usr/bin usr/lib usr/lib64 usr/sbin .
chmod 700 root
chmod 1777 tmp var/tmp
mount --rbind /dev dev
mount --rbind /usr usr
mount --rbind /etc etc
mount -t proc proc proc
mount --bind "$tools" usr/local/bin
while read -r mode source target; do
  mkdir -p ".$target"
  mount --bind "$source" ".$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro ".$target"
done <"$mounts"
exec chroot . /usr/bin/env -i HOME=/root PATH=/usr/local/bin:/usr/bin "$@" </dev/null
