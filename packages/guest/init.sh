#!/bin/sh
# The first process of the guest: mounts what the agent needs, and becomes the agent. Says nothing but what fails.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/boot/*; do [ ! -e "$module" ] || insmod "$module"; done
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/rocket/ns /run/rocket/shm
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /run/rocket/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs debugfs /sys/kernel/debug
# The pid and ipc namespaces that the pod's apps share. Their first process reaps what apps leave behind; killed, nothing of the pod is left.
unshare -p -i -f sh -c 'while :; do sleep 2147483647 & wait; done' &
holder=$!
ip link set lo up
mount -t virtiofs pod /pod 2>/dev/null || mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=mmap,access=client pod /pod
# crun changes roots with pivot_root, which the kernel refuses on the file system that an initramfs is: a bind mount of it is another one.
mount -o bind / /mnt
cd /mnt
for kept in proc sys dev run pod; do mount -o move /$kept $kept; done
mount -o move . /
exec chroot . /bin/qjs --std /bin/agent.js "$holder"
