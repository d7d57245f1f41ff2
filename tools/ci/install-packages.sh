#!/bin/sh
# Installs what debian-packages.txt lists and this machine lacks, in one call, without starting any service.
# Not root, or not Debian: says what is missing and goes on; the tests that need it are skipped and say so.
set -eu
here=$(dirname "$0")
wanted=$(sed -e 's/#.*//' -e 's/[[:space:]].*//' "$here/debian-packages.txt")
missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "all are installed"
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing, and only root on Debian can install them here:$missing"
  exit 0
fi

# Debian's servers start when installed; 101 tells invoke-rc.d to leave them alone. The machine's own policy comes back.
policy=/usr/sbin/policy-rc.d
restore() {
  rm -f "$policy"
  [ ! -e "$policy.rocket-saved" ] || mv "$policy.rocket-saved" "$policy"
}
[ ! -e "$policy" ] || mv "$policy" "$policy.rocket-saved"
trap restore EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"

echo "installing from Debian:$missing"
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
log=$(mktemp)
# shellcheck disable=SC2086 # the lists are words
if { $apt update && $apt install --no-install-recommends $missing; } > "$log" 2>&1 < /dev/null; then
  rm -f "$log"
else
  tail -n 40 "$log"
  echo "apt-get failed; the whole log is in $log"
  exit 1
fi
