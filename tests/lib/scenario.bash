# SPDX-License-Identifier: Apache-2.0
# A scenario with real processes: a folder of its own, what it starts and ends,
# waiting with a deadline, a free port, certificates, a broker. A test of
# tests/system or tests/interop sources this file. When the test ends, in
# whatever way, what it started is ended and its folder is gone; when it fails,
# the logs of what it started are shown.
# shellcheck shell=bash
set -euo pipefail

: "${top_srcdir:?run by make check}" "${top_builddir:?run by make check}"
work=$(mktemp -d)
declare -A scenario_pids=()
# how long anything may take before the test fails; a sanitizer is slow
patience=${EW_TEST_PATIENCE:-20}

scenario_end() {
	local status=${1:-$?} name
	trap - EXIT
	for name in "${!scenario_pids[@]}"; do
		kill -KILL "${scenario_pids[$name]}" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	if [ "$status" -ne 0 ]; then
		for name in "$work"/*.log; do
			[ -s "$name" ] || continue
			echo "--- the end of ${name##*/}"
			tail -n 40 "$name"
		done
	fi
	rm -rf "$work"
	exit "$status"
}
trap scenario_end EXIT

# fail TEXT: this test has failed
fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# step TEXT: what the test does now
step() {
	printf '[%3d s] %s\n' "$SECONDS" "$*"
}

# wait_for WHAT COMMAND...: until the command succeeds; WHAT says it in words
wait_for() {
	local what=$1 deadline=$((SECONDS + patience))
	shift
	until "$@" >"$work/.answer" 2>&1; do
		if [ "$SECONDS" -ge "$deadline" ]; then
			cat "$work/.answer" >&2
			fail "waited $patience s for: $what"
		fi
		sleep 0.05
	done
}

# free_port: a TCP port of 127.0.0.1 that nobody listened on a moment ago
free_port() {
	"$top_builddir/tests/lib/free_port"
}

# is_listening PORT
is_listening() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# start NAME COMMAND...: in the background; its output is $work/NAME.log
start() {
	local name=$1
	shift
	"$@" >>"$work/$name.log" 2>&1 </dev/null &
	scenario_pids[$name]=$!
}

# pid_of NAME
pid_of() {
	echo "${scenario_pids[$1]:?$1 was not started}"
}

# is_running NAME: a zombie is not
is_running() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' \
		"/proc/$(pid_of "$1")/status" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ]
}

is_gone() {
	! is_running "$1"
}

# tell NAME SIGNAL
tell() {
	kill "-$2" "$(pid_of "$1")"
}

# ended NAME: waits until it has ended by itself, sets $status to how
ended() {
	local pid
	pid=$(pid_of "$1")
	wait_for "the end of $1" is_gone "$1"
	unset "scenario_pids[$1]"
	status=0
	# shellcheck disable=SC2034 # for the test
	wait "$pid" || status=$?
}

# stop NAME [SIGNAL]: asks it to end, if it has not by itself; sets $status to how it did
stop() {
	tell "$1" "${2:-TERM}" 2>/dev/null || is_gone "$1"
	ended "$1"
}

# has_logged NAME PATTERN: an extended regular expression
has_logged() {
	grep -qE -- "$2" "$work/$1.log"
}

# make_ca NAME: $work/tls/NAME.pem and its key
make_ca() {
	mkdir -p "$work/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 30 -subj "/CN=$1" -keyout "$work/tls/$1.key" \
		-out "$work/tls/$1.pem" 2>"$work/openssl.log"
}

# make_certificate CA NAME COMMON-NAME SUBJECT-ALTERNATIVE [DAYS]: DAYS may be
# negative, then it has expired
make_certificate() {
	local base=$work/tls/$2
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$3" -keyout "$base.key" -out "$base.csr" \
		2>"$work/openssl.log"
	printf 'subjectAltName=%s\n' "$4" >"$base.ext"
	if [ "${5:-30}" -gt 0 ]; then
		openssl x509 -req -in "$base.csr" -CA "$work/tls/$1.pem" \
			-CAkey "$work/tls/$1.key" -CAcreateserial \
			-days "${5:-30}" -extfile "$base.ext" \
			-out "$base.pem" 2>"$work/openssl.log"
	else
		expired_certificate "$1" "$base" "$5"
	fi
	rm -f "$base.csr" "$base.ext"
}

# x509 refuses negative spans; ca takes dates
expired_certificate() {
	local tls=$work/tls
	: >"$tls/index"
	openssl rand -hex 8 >"$tls/serial"
	printf '%s\n' '[ca]' 'default_ca=a' '[a]' "database=$tls/index" \
		"serial=$tls/serial" "new_certs_dir=$tls" 'policy=p' \
		'default_md=sha256' '[p]' 'commonName=supplied' >"$tls/ca.conf"
	openssl ca -batch -config "$tls/ca.conf" -cert "$tls/$1.pem" \
		-keyfile "$tls/$1.key" -in "$2.csr" -out "$2.pem" -notext \
		-extfile "$2.ext" \
		-startdate "$(date -u -d "$(($3 - 30)) days" +%Y%m%d%H%M%SZ)" \
		-enddate "$(date -u -d "$3 days" +%Y%m%d%H%M%SZ)" \
		2>"$work/openssl.log"
}

# make_tls: ca.pem, other-ca.pem; server (localhost, 127.0.0.1), client
make_tls() {
	make_ca ca
	make_ca other-ca
	make_certificate ca server localhost DNS:localhost,IP:127.0.0.1
	make_certificate ca client gateway DNS:gateway
}

# start_broker NAME [LINE...]: Mosquitto with these lines of configuration, once
# it listens; sets $broker_port. With TLS as an example:
#   start_broker broker "cafile $work/tls/ca.pem" \
#       "certfile $work/tls/server.pem" "keyfile $work/tls/server.key"
start_broker() {
	local name=$1 port=${broker_port:-}
	shift
	if [ -z "$port" ]; then
		port=$(free_port)
	fi
	printf '%s\n' "listener $port 127.0.0.1" 'user root' 'persistence false' \
		'allow_anonymous true' 'max_inflight_messages 65535' \
		'max_queued_messages 0' "$@" >"$work/$name.conf"
	start "$name" mosquitto -c "$work/$name.conf"
	broker_port=$port
	wait_for "the broker $name" is_listening "$port"
}
