# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Fresh Debian systems in directories, for tests that install things: made once by
# debootstrap, kept as a tarball, and unpacked for each use. All mirrors are those of
# this machine's apt. chroot_isolate comes first: mounts and processes are in namespaces
# of their own, so nothing of them is left however the test ends.
#
# The reader sets chroot_cache: a directory that stays, with the tarball and what apt has
# fetched.
: "${chroot_cache:?}"

chroot_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# chroot_isolate PROGRAM ARGUMENT...: runs the program again, isolated, as root; returns
# in the one that is isolated.
chroot_isolate() {
	[ "${MSF_ISOLATED:-}-$$" != 1-1 ] || return 0
	local program=$1 sudo=()
	shift
	[ "$(id -u)" -eq 0 ] || sudo=(sudo -E)
	# process 1 of its namespace is the program
	MSF_ISOLATED=1 exec "${sudo[@]}" unshare --mount --pid --fork --kill-child \
		--mount-proc "$program" "$@"
}

# What apt of this machine has: SITE SUITE COMPONENT, Debian's own only.
chroot_list_sources() {
	# shellcheck disable=SC2016 # apt replaces these
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' | awk '$1 == "Debian" { print $2, $3, $4 }' |
		sort -u
}

# Proxies and what else apt has to know to get through, and the names of hosts.
chroot_copy_network() {
	apt-config dump Acquire::http > "$1/etc/apt/apt.conf.d/80machine"
	apt-config dump Acquire::https >> "$1/etc/apt/apt.conf.d/80machine"
	cp --remove-destination -L /etc/resolv.conf /etc/hosts "$1/etc/"
	if chroot_list_sources | grep -q '^https:'; then
		mkdir -p "$1/etc/ssl/certs"
		cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
	fi
}

chroot_bootstrap() {
	local root=$1 codename mirror
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	mirror=$(chroot_list_sources | awk -v suite="$codename" \
		'$2 == suite && $3 == "main" { print $1; exit }')
	if [ -z "$mirror" ]; then
		echo "apt knows no Debian mirror for $codename: is this Debian, after" \
			"apt-get update?" >&2
		return 1
	fi
	debootstrap --variant=minbase "$codename" "$root" "$mirror" || return 1
	chroot_list_sources | sed 's/^/deb /' > "$root/etc/apt/sources.list"
	chroot_copy_network "$root"
	chroot_run "$root" apt-get -qq update &&
		chroot_run "$root" apt-get -qq -y dist-upgrade
}

# chroot_new DIRECTORY: unpacks a fresh system there. The tarball is made anew after
# some days, with what Debian has mended since.
chroot_new() {
	local root=$1 tarball=$chroot_cache/base.tar
	mkdir -p "$chroot_cache/archives/partial" "$root" || return 1
	if [ -z "$(find "$tarball" -mtime -3 2> /dev/null)" ]; then
		chroot_bootstrap "$root.base" > "$chroot_cache/debootstrap.log" 2>&1 || {
			tail -n 20 "$chroot_cache/debootstrap.log" >&2
			return 1
		}
		chroot_umount "$root.base"
		tar -C "$root.base" --numeric-owner -cf "$tarball.new" . &&
			mv "$tarball.new" "$tarball" && rm -rf "$root.base" || return 1
	fi
	tar -C "$root" --numeric-owner -xpf "$tarball" || return 1
	chroot_copy_network "$root"
	# a mount of its own: unshare(1) inside wants the root to be one
	mount --bind "$root" "$root" && mount -t proc proc "$root/proc" &&
		mount -t sysfs sysfs "$root/sys" &&
		mount --bind "$chroot_cache/archives" "$root/var/cache/apt/archives" &&
		chroot_run "$root" apt-get -qq update
}

chroot_umount() {
	local place
	for place in /proc /sys /var/cache/apt/archives ''; do
		! mountpoint -q "$1$place" || umount "$1$place"
	done
}

# chroot_run DIRECTORY COMMAND...
chroot_run() {
	local root=$1
	shift
	env -i PATH=$chroot_path HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive \
		${http_proxy:+"http_proxy=$http_proxy"} \
		${https_proxy:+"https_proxy=$https_proxy"} \
		chroot "$root" "$@" < /dev/null
}
