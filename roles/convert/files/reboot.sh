# shellcheck shell=sh
# Tells this host's boot id, and with the word "reboot" restarts it a moment later, detached from this session.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
printf '{"boot_id":"%s"}\n' "$(tr -cd 'a-f0-9-' </proc/sys/kernel/random/boot_id)"
[ "${1:-}" = reboot ] || exit 0
sync
setsid sh -c 'sleep 1; timeout 30 systemctl reboot || timeout 30 shutdown -r now || reboot' >/dev/null 2>&1 </dev/null &
