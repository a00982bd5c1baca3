#!/bin/sh
# provision.sh
#
# Run once by Vagrant, as root, in a Debian 12 with this folder's parent at /vagrant: installs the Swift toolchain of
# swift.org, builds and installs afprobe, and grants it the capabilities with which all users can run it.
set -eu
version=6.3.1
source=${1-/vagrant}
export DEBIAN_FRONTEND=noninteractive
export PATH="/opt/swift/usr/bin:$PATH"

apt-get update -qq
# The toolchain's dependencies, as swift.org lists them, and the packages that the download and the build need.
apt-get install -y -qq --no-install-recommends binutils-gold gcc git libcurl4-openssl-dev libedit-dev libicu-dev \
    libncurses-dev libpython3-dev libsqlite3-dev libstdc++-12-dev libxml2-dev pkg-config tzdata uuid-dev \
    ca-certificates curl gpg gpg-agent make libpcap-dev libpcap0.8 libcap2-bin iproute2 man-db

if ! command -v swift >/dev/null; then
    case $(uname -m) in
    x86_64) platform=debian12 ;;
    aarch64) platform=debian12-aarch64 ;;
    *) echo "provision.sh: swift.org has no toolchain for $(uname -m)" >&2; exit 1 ;;
    esac
    folder=$(mktemp -d)
    archive=$folder/swift.tar.gz
    url=https://download.swift.org/swift-$version-release/$platform/swift-$version-RELEASE
    url=$url/swift-$version-RELEASE-$platform.tar.gz
    curl -fsSL -o "$archive" "$url"
    curl -fsSL -o "$archive.sig" "$url.sig"
    curl -fsSL https://www.swift.org/keys/all-keys.asc | gpg --quiet --homedir "$folder" --import
    gpg --homedir "$folder" --verify "$archive.sig" "$archive"
    mkdir -p /opt/swift
    tar -xzf "$archive" -C /opt/swift --strip-components=1
    rm -rf "$folder"
fi

make -C "$source" build
make -C "$source" install
setcap cap_net_raw,cap_net_admin+ep /usr/local/bin/afprobe
