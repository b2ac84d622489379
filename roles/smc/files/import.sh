# shellcheck shell=sh
# Runs the command that imports this host as a migration source, and tells how it ended.
# Usage: sh -s -- SECONDS. The sender puts the shell function command_text in front, which prints the command.
# The command goes to a shell on standard input: nothing of it shows in the list of processes.
set -u
LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
cd / || exit 1
said=$(command_text | timeout -k 10 "$1" sh -s 2>&1)
status=$?
printf '{"status":%d,"said":"%s"}\n' "$status" "$(printf '%s' "$said" | tail -n 3 | tr -d '\042\134' | tr '\n' ' ' | tr -cd '[:print:]' | tail -c 600)"
