#!/bin/bash
# Installs Debian packages into a layer over this machine's root, which stays as it is: the packages of mail servers conflict
# with each other, and start daemons where they are installed.
#
#   layer.sh DIRECTORY PACKAGE…
#
# What the mount leaves stays beside the directory, as DIRECTORY.part.
# Needs root, overlay mounts and a package list (apt-get update).
set -eu
layer=$1; shift
mkdir -p "$layer.part/upper" "$layer.part/work" "$layer.part/root"
export layer
# The mounts end with this shell.
unshare --mount bash -eu -s "$@" <<'INSIDE'
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer.part/upper,workdir=$layer.part/work" "$layer.part/root"
cd "$layer.part/root"
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
ln -s /proc/self/fd dev/fd
mount -t proc proc proc
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod +x usr/sbin/policy-rc.d
DEBIAN_FRONTEND=noninteractive chroot . apt-get install -qq -y --no-install-recommends "$@" >install.log 2>&1 || { cat install.log; exit 1; }
INSIDE
mv "$layer.part/upper" "$layer"
