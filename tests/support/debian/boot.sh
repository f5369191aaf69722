#!/bin/sh
# boot.sh PLACE LOWER NAME: become process 1 of a machine. Run inside new mount, uts, ipc, net and pid namespaces.
# PLACE is an empty folder that holds what the machine writes (in memory); LOWER is the overlay's lower folders.
set -e
place=$1 lower=$2 name=$3
umask 022
mount -t tmpfs -o mode=755 tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" "$place/root"
cd "$place/root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/lock run/sshd
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"; done
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,gid=5,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
hostname "$name"
printf '%s\n' "$name" >etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >etc/hosts
printf '%s' "$name" | md5sum | cut -c1-32 >etc/machine-id
mkdir -p .host
pivot_root . .host
exec chroot . /usr/bin/python3 -I -c '
import ctypes, os, signal, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
if libc.umount2(b"/.host", 2):  # MNT_DETACH: from here on the machine sees nothing of the other one
    sys.exit("the old root stays: " + os.strerror(ctypes.get_errno()))
os.rmdir("/.host")
os.chdir("/")
os.system("ip link set lo up")
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
def end_with_the_test():
    os.read(0, 1)  # nothing ever comes: it returns when the test closed its end, or was killed
    os._exit(0)
threading.Thread(target=end_with_the_test, daemon=True).start()
print("booted", flush=True)
while True:  # what nobody waits for, process 1 waits for
    signal.sigwait({signal.SIGCHLD})
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
'
