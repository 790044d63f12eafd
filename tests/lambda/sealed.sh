# Gives a command Lambda's file system: /var/task and /opt are the folders given, nothing but /tmp can be written to.
# sealed.sh ROOT TASK OPT COMMAND…: ROOT is an empty folder. Runs in a mount namespace of its own (unshare --mount).
set -e
root=$1 task=$2 opt=$3
shift 3

mount -t tmpfs -o mode=755 lambda "$root"
mkdir "$root/opt"

# What a mount of its own can't be made read-only of, in a user's namespace, is the user's to write or not as it was.
show() { # FROM TO
    mkdir -p "$2"
    mount --rbind "$1" "$2"
    [ "$3" = rw ] || mount -o remount,bind,ro "$2" 2>/dev/null || :
}

for entry in /*; do
    name=${entry#/}
    case $name in
        opt | var) ;;
        tmp | proc | dev) show "$entry" "$root/$name" rw ;;
        *) if [ -L "$entry" ]; then cp -P "$entry" "$root/$name"; elif [ -d "$entry" ]; then show "$entry" "$root/$name"; fi ;;
    esac
done
# Python itself may live in /opt.
for entry in /opt/*; do
    if [ -d "$entry" ] && [ ! -e "$opt/${entry##*/}" ]; then show "$entry" "$root/opt/${entry##*/}"; fi
done
for entry in "$opt"/*; do
    if [ -d "$entry" ]; then show "$entry" "$root/opt/${entry##*/}"; fi
done
show "$task" "$root/var/task"
mount -o remount,ro "$root"
# Not where the function's own PATH leads.
chroot=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)
exec "$chroot" "$root" env -C /var/task "$@"
