#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Debian package in a fresh Debian, booted with systemd: install, start,
# watchdog, reload, SIGKILL, a crash loop that ends by keeping one instance
# off, purge. In a container with its own network and cgroup; everything of it
# is in the build tree, and what was started is ended by its number.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
patience=60

build=${top_builddir:?}
base=$build/tests/interop/install.root
name=edgeway-$$
leader=
container=

# the end of the machine comes before the end of the scenario
machine_end() {
	local status=$? try group
	if [ -n "$container" ]; then
		kill -TERM "$container" 2>/dev/null || true
		for try in $(seq 100); do
			kill -0 "$container" 2>/dev/null || break
			read -rt 0.1 <> <(:) || true
			[ "$try" -lt 100 ] || kill -KILL "$container" || true
		done
	fi
	mountpoint -q "$work/root" && umount "$work/root"
	mountpoint -q "$work/layers" && umount "$work/layers"
	for group in /sys/fs/cgroup/{systemd,unified}/"$name"; do
		[ ! -d "$group" ] ||
			find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
	done
	trap - EXIT
	if [ "$status" -ne 0 ]; then
		tail -n 40 "$work"/*.log || true
	fi
	rm -rf "$work"
	exit "$status"
}
trap machine_end EXIT

inside() {
	timeout 60 nsenter -t "$leader" -a "$@"
}

# property NAME: of the service
property() {
	inside systemctl show edgewayd -p "$1" --value
}

# is NAME VALUE
is() {
	[ "$(property "$1")" = "$2" ]
}

restarted() {
	[ "$(property NRestarts)" -ge "$1" ] && is ActiveState active &&
		is SubState running
}

# logged PATTERN [MATCH]: in the journal
logged() {
	inside journalctl -u edgewayd --no-pager -o cat ${2:+"$2"} |
		grep -qE -- "$1"
}

find_leader() {
	local runner
	runner=$(pgrep -P "$container" systemd-nspawn) || runner=$container
	leader=$(pgrep -P "$runner" -x systemd)
	[ -n "$leader" ]
}

is_booted() {
	inside systemctl is-system-running | grep -qE 'running|degraded'
}

step 'a fresh Debian'
if [ ! -e "$base/etc/os-release" ]; then
	rm -rf "$base"
	mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus \
		--include=libmosquitto1,libyaml-0-2,libmicrohttpd12,libgnutls30 \
		--include=libssl3,libcurl4,libsqlite3-0,libexpat1,procps bookworm "$base.new" >"$work/debootstrap.log" 2>&1
	mv "$base.new" "$base"
fi

step 'the packages'
(cd "$build" && DEB_BUILD_OPTIONS=nocheck \
	"$top_srcdir/packaging/debian/build" "$work/deb") >"$work/deb.log" 2>&1
lintian --allow-root --fail-on warning "$work"/deb/*.changes

step 'boot'
mkdir -p "$work"/{layers,root}
mount -t tmpfs tmpfs "$work/layers"
mkdir -p "$work"/layers/{upper,work}
mount -t overlay overlay -o \
	"lowerdir=$base,upperdir=$work/layers/upper,workdir=$work/layers/work" \
	"$work/root"
cp "$work"/deb/{edgeway,libedgeway0}_*.deb "$work/root/opt"
cp "$build/tests/lib/.libs/faulty.so" "$work/root/opt"
(
	for group in /sys/fs/cgroup/{systemd,unified}/"$name"; do
		[ -d "${group%/*}" ] || continue
		mkdir -p "$group"
		echo $BASHPID >"$group/cgroup.procs"
	done
	export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
	exec systemd-nspawn -q -D "$work/root" --register=no --keep-unit \
		-M "$name" --private-network --console=pipe -b
) >"$work/boot.log" 2>&1 </dev/null &
container=$!
wait_for 'the first process' find_leader
wait_for 'the boot' is_booted

step 'install: it starts by itself, without a broker'
inside sh -c 'dpkg -i /opt/*.deb' >"$work/dpkg.log" 2>&1
wait_for 'READY' is ActiveState active
is Type notify || fail 'not a notifying service'
property StatusText | grep -q '3 instances run' || fail "$(property StatusText)"
inside edgewayctl status >"$work/status.log"
inside edgewayctl --json get pump-1:Pump/Speed | grep -q '"quality":"good"' ||
	fail 'no value'
logged 'simulator/plant: started' INSTANCE=plant ||
	fail 'the journal has no field INSTANCE'
[ "$(inside stat -c %U /proc/"$(property MainPID)")" != root ] ||
	fail 'it runs as root'

step 'reload: done, and refused with its reason'
inside systemctl reload edgewayd
logged 'reload done' || fail 'no reload'
inside sed -i 's/module: host/module: hosst/' /etc/edgeway/edgeway.yaml
inside systemctl reload edgewayd >"$work/reload.log" 2>&1 &&
	fail 'a wrong file was taken'
is ActiveState active || fail 'a refused reload ended it'
inside sed -i 's/module: hosst/module: host/' /etc/edgeway/edgeway.yaml

step 'a killed daemon comes again'
inside systemctl kill -s KILL edgewayd
wait_for 'the restart' restarted 1

step 'the watchdog ends a daemon that hangs'
inside mkdir -p /run/systemd/system/edgewayd.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=2s\n" \
	>/run/systemd/system/edgewayd.service.d/test.conf'
inside systemctl daemon-reload
inside systemctl restart edgewayd
inside systemctl kill -s STOP edgewayd
wait_for 'the watchdog' logged 'Watchdog timeout'
inside systemctl kill -s CONT edgewayd || true
wait_for 'the restart' restarted 1

step 'a crash loop ends with one instance kept off'
inside sh -c 'cp /opt/faulty.so /usr/lib/*/edgeway/modules/'
inside sh -c 'sed -i "s/^http:/  bad: {module: faulty, fault: crash}\nhttp:/" \
	/etc/edgeway/edgeway.yaml'
inside systemctl restart edgewayd
wait_for 'the end of the loop' logged 'faulty/bad: kept off'
wait_for 'the rest' is ActiveState active
inside edgewayctl instances >"$work/instances.log"
grep -q 'plant .*running' "$work/instances.log" || fail 'the rest does not run'
grep -q 'bad .*off' "$work/instances.log" || fail 'the bad one is not off'
logged 'crashed the last run: signal 11' MODULE=faulty || fail 'no name of the crash'

step 'purge'
inside dpkg -P edgeway libedgeway0 >>"$work/dpkg.log" 2>&1
inside test ! -e /etc/edgeway/edgeway.yaml || fail 'the configuration stays'
inside pgrep edgewayd >/dev/null && fail 'it still runs'
step 'done'
