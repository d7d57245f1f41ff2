#!/bin/sh
# Installs what debian-packages.txt lists and this machine lacks, in one call, without starting any service.
# Not root, or not Debian: says what is missing and goes on; the tests that need it are skipped and say so.
set -eu
cd "$(dirname "$0")/../.."
listed=$(sed -e 's/#.*//' -e 's/[[:space:]].*//' tools/ci/debian-packages.txt)
unpacked=.rocket/debian
missing=
for entry in $listed; do
  case $entry in
    unpack:*) [ -e "$unpacked/${entry#unpack:}.deb" ] && continue ;;
    *) dpkg-query -W -f '${Status}' "$entry" 2>/dev/null | grep -q ' installed$' && continue ;;
  esac
  missing="$missing $entry"
done
if [ -z "$missing" ]; then
  echo 'all are there'
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing, and only root on Debian can install them here:$missing"
  exit 0
fi

# Debian's servers start when installed; 101 tells invoke-rc.d to leave them alone. The machine's own policy comes back,
# also the one that a killed run of this script had put aside.
policy=/usr/sbin/policy-rc.d
restore() {
  rm -f "$policy"
  [ ! -e "$policy.rocket-saved" ] || mv "$policy.rocket-saved" "$policy"
}
[ ! -e "$policy" ] || [ -e "$policy.rocket-saved" ] || mv "$policy" "$policy.rocket-saved"
trap restore EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' > "$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Sandbox::User=root "$@"; }

unpack_package() (
  mkdir -p "$unpacked/download"
  cd "$unpacked/download"
  rm -f ./*.deb
  apt download "$1"
  dpkg-deb -x "$1"_*.deb ..
  mv "$1"_*.deb "../$1.deb"
  rmdir ../download
)

install_missing() {
  apt update || return 1
  installed=
  for entry in $missing; do
    case $entry in
      unpack:*) unpack_package "${entry#unpack:}" || return 1 ;;
      *) installed="$installed $entry" ;;
    esac
  done
  # shellcheck disable=SC2086 # a list of words
  [ -z "$installed" ] || apt install --no-install-recommends $installed
}

echo "from Debian:$missing"
mkdir -p .rocket
log=.rocket/apt.log
if ! install_missing > "$log" 2>&1 < /dev/null; then
  tail -n 40 "$log"
  echo "apt-get failed; the whole log is in $log"
  exit 1
fi
