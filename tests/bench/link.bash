# SPDX-License-Identifier: Apache-2.0
# Two daemons and a Mosquitto over TLS, for benches of what goes from one to the
# other. Sourced behind scenario.bash and daemon.bash.
# shellcheck shell=bash
# shellcheck source=tests/bench/table.bash
. "${top_srcdir:?}/tests/bench/table.bash"

make_tls
ca=${work:?}/tls/ca.pem
# without it Nagle holds back an answer behind a PUBACK for 40 ms
start_broker broker 'set_tcp_nodelay true' "cafile $ca" "certfile $work/tls/server.pem" \
	"keyfile $work/tls/server.key"
# shellcheck disable=SC2034 # for the benches
uplink="servers: [\"mqtts://localhost:${broker_port:?}\"], ca: $ca, backoff: {min: 100ms, max: 1s}"

# run NAME: the daemon of $work/NAME.yaml
run() {
	start "$1" "${build:?}/edgewayd" --module-dir "${modules:?}" \
		--state-dir "$work/state-$1" --run-dir "$work/run-$1" "$work/$1.yaml"
}

# at NAME COMMAND...: ask a daemon
at() {
	local name=$1
	shift
	"$build/edgewayctl" --socket "$work/run-$name/control.sock" --json "$@" \
		2>>"$work/ctl.log"
}

# is_online NAME
is_online() {
	at "$1" uplinks | grep -q '"state":"online"'
}

# has_device NAME DEVICE STATE
has_device() {
	at "$1" devices "$2" | grep -qE "\"state\":\"$3\""
}

# allow NUMBER: how far the sources of the gate may go
allow() {
	local hex i
	hex=$(printf '%016x' "$1")
	for ((i = 14; i >= 0; i -= 2)); do
		# shellcheck disable=SC2059 # a byte
		printf "\\x${hex:i:2}"
	done | dd of="$work/gate" conv=notrunc status=none
}

# seen FIELD: of the checker of a daemon called host
seen() {
	field "$1" <"$work/state-host/instances/check/report"
}

# has_seen SAMPLES
has_seen() {
	[ "$(seen samples)" -ge "$1" ]
}

# both_end: edge and host, and what they kept
both_end() {
	stop edge
	stop host
	rm -rf "$work"/state-* "$work/gate"
}

# peak NAME: most memory of a daemon since `forget_peak NAME`, MiB
peak() {
	awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$(pid_of "$1")/status"
}
forget_peak() {
	echo 5 >"/proc/$(pid_of "$1")/clear_refs"
}
