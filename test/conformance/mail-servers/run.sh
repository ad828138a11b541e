#!/bin/bash
# Runs the shell commands of standard input as root over this machine's root directory and a layer of packages, until the input
# ends. Then every process that they have started ends too. What they write outside of DIRECTORY, which they see as /srv/mail,
# is gone.
#
#   run.sh LAYER DIRECTORY
set -eu
export layer=$1 directory=$2
exec unshare --mount --pid --fork --kill-child bash -c '
set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/work /mnt/root
# Copied, because overlayfs takes no two layers of which one is inside the other.
cp -a "$layer" /mnt/upper
mount -t overlay overlay -o "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
cd /mnt/root
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
ln -s /proc/self/fd dev/fd
mount -t proc -o ro proc proc
mkdir -p srv/mail
mount --bind "$directory" srv/mail
# Not as process 1, as which some daemons stay in the foreground.
exec chroot . bash -c "cd /srv/mail; bash -s; exit 0"
'
