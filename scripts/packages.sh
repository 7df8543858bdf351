# Which packages of Debian 12 and 13 the project needs, and how to get what is
# missing. Sourced by scripts/run, scripts/test and scripts/bench.
#
#   install_packages build serve    # groups; does nothing when all are there
#
# "a|b" is a or, where apt offers no a, b.

build_packages=(
  g++ cmake ninja-build pkg-config
  libzmq3-dev cppzmq-dev libprotobuf-dev protobuf-compiler
  'libboost1.81-dev|libboost-dev'
  libjpeg62-turbo-dev libpng-dev libwebp-dev libgif-dev libavif-dev libhwy-dev
  libisal-dev
  liblcms2-dev
  libcurl4-openssl-dev libssl-dev libsqlite3-dev zlib1g-dev
  libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev libexpected-dev
  libseccomp-dev
)
# What serves the samples. nginx is only ever started by us, with a folder and
# a configuration of its own.
serve_packages=(python3 nginx-core ca-certificates)
test_packages=(
  libgtest-dev libgmock-dev libbenchmark-dev procps gnuplot-nox
  libnginx-mod-http-echo libnginx-mod-http-dav-ext libnginx-mod-http-js
  libnginx-mod-http-lua
  # scripts/format.sh: version 14, or what it takes to install that from PyPI.
  'clang-format-14|python3-venv'
)
# What scripts/bench measures with and against; npm only where there is no other.
bench_packages=(
  python3-venv libvips-tools libjpeg-turbo-progs webp valgrind
)
npm_packages=(nodejs npm)

# scripts/fuzz; what scripts/test --full adds; scripts/undefined.
fuzz_packages=(clang 'libclang-rt-14-dev|libclang-rt-19-dev' llvm)
full_packages=(
  clang clang-tidy 'libclang-rt-14-dev|libclang-rt-19-dev' llvm valgrind
)
undefined_packages=(valgrind)
# What draws the plot of `coordinator compare`.
plot_packages=(gnuplot-nox)

is_installed() {
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -qx installed
}

is_offered() {
  [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

# The first of "a|b" that is installed or that apt offers; else the last.
choose_package() {
  local name names
  IFS='|' read -ra names <<<"$1"
  for name in "${names[@]}"; do
    if [ "${#names[@]}" -eq 1 ] || is_installed "$name" || is_offered "$name"
    then break; fi
  done
  echo "$name"
}

missing_packages() {
  local wanted name
  for wanted in "$@"; do
    name="$(choose_package "$wanted")"
    is_installed "$name" || echo "$name"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# A package that starts a service asks policy-rc.d first; 101 means no. The
# file is ours only while we install, and an existing one is left alone.
without_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
  local code=0
  "$@" || code=$?
  as_root rm -f "$policy"
  return "$code"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

install_packages() {
  local group missing wanted=()
  for group in "$@"; do
    local -n names="${group}_packages"
    wanted+=("${names[@]}")
  done
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ "${#missing[@]}" -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "These Debian packages are missing, and there is no apt-get to" \
      "install them: ${missing[*]}" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    echo "Run as root, or install: ${missing[*]}" >&2
    return 1
  fi
  echo "Installing: ${missing[*]}" >&2
  as_root apt-get -qq update >/dev/null
  # Only now is it known what apt offers.
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  without_services apt_install "${missing[@]}"
}
