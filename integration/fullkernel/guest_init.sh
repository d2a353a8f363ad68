#!/bin/sh
# The first program in the guest: mounts what programs expect, starts the agent, powers off when it ends.
# /fullkernel/environment, written by overlay.py, says where the checkout is.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/net
mknod /dev/net/tun c 10 200 # opening it loads its module
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
chmod 1777 /tmp /dev/shm
. /fullkernel/environment
export PATH HOME LANG PYTHONPATH
hostname fullkernel
ip link set lo up
# Otherwise every namespace made after one test used a GRE tunnel has gre0, gretap0, erspan0 … in it.
echo 1 >/proc/sys/net/core/fb_tunnels_only_for_init_net

# The second drive, if the host gave one, keeps its content from boot to boot.
modprobe -a virtio_pci virtio_console virtio_blk
if [ -b /dev/vda ]; then
    mkdir -p /persistent
    magic=$(od -An -tx1 -j1080 -N2 /dev/vda)
    [ "$magic" = " 53 ef" ] || mkfs.ext4 -q /dev/vda
    mount /dev/vda /persistent
fi

# The port appears a moment after its driver.
tries=0
until set -- /dev/vport*p* && [ -e "$1" ] || [ $tries -ge 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
cd /
[ -c "$1" ] || echo "no port to the host appeared"
# A child, not a replacement, of this shell: process 1 must collect orphans, and a waiting shell does.
python3 -m integration.fullkernel.guest_agent 3 3<>"$1" || echo "the agent ended with status $?"
sync
echo o >/proc/sysrq-trigger
sleep 60
