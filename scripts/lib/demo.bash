# SPDX-License-Identifier: Apache-2.0
# What scripts/demo is made of: ports, certificates, a broker, a daemon, and
# their end. Everything of a run lies in $run; what was started is in pids.
# shellcheck shell=bash

declare -A pids=()
: "${run:?the folder of this run}"

# demo_end: asks what was started to end, and waits for it
demo_end() {
	local name
	for name in "${!pids[@]}"; do
		kill -TERM "${pids[$name]}" 2>/dev/null || true
	done
	wait 2>/dev/null || true
	pids=()
}

die() {
	echo "demo: $*" >&2
	exit 1
}

# start NAME COMMAND...: in the background, its output in $run/NAME.log
start() {
	local name=$1
	shift
	"$@" >"$run/$name.log" 2>&1 </dev/null &
	pids[$name]=$!
}

# until_true SECONDS COMMAND...: false when the time is over first
until_true() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

is_listening() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# certificate NAME COMMON-NAME [SUBJECT-ALTERNATIVE]: signed by $run/tls/ca.pem
certificate() {
	local base=$run/tls/$1
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$2" -keyout "$base.key" -out "$base.csr" 2>/dev/null
	printf 'subjectAltName=%s\n' "${3:-DNS:$2}" >"$base.ext"
	openssl x509 -req -in "$base.csr" -CA "$run/tls/ca.pem" \
		-CAkey "$run/tls/ca.key" -CAcreateserial -days 2 \
		-extfile "$base.ext" -out "$base.pem" 2>/dev/null
	rm -f "$base.csr" "$base.ext"
}

make_certificates() {
	mkdir -p "$run/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj '/CN=edgeway demo CA' -keyout "$run/tls/ca.key" \
		-out "$run/tls/ca.pem" 2>/dev/null
	certificate broker localhost DNS:localhost,IP:127.0.0.1
	certificate gateway demo-gw1
	certificate cloud demo-cloud
}

run_broker() {
	start broker mosquitto -c "$run/broker.conf"
}

stop_broker() {
	kill "${pids[broker]}"
	wait "${pids[broker]}" 2>/dev/null || true
}

# start_broker: sets port. A port that another program takes meanwhile is not a
# failure: the next one is tried.
start_broker() {
	local try
	for try in 1 2 3 4 5; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 20000))
		is_listening "$port" && continue
		cat >"$run/broker.conf" <<-END
			listener $port 127.0.0.1
			cafile $run/tls/ca.pem
			certfile $run/tls/broker.pem
			keyfile $run/tls/broker.key
			require_certificate true
			use_identity_as_username true
			set_tcp_nodelay true
			allow_anonymous false
			persistence false
			user $(id -un)
		END
		run_broker
		if until_true 5 is_listening "$port" &&
			kill -0 "${pids[broker]}" 2>/dev/null; then
			return 0
		fi
		kill "${pids[broker]}" 2>/dev/null || true
		unset "pids[broker]"
	done
	die "no broker after $try tries: $(tail -n 3 "$run/broker.log")"
}

# http PORT PATH [BODY]: what a GET, or a POST of the body, is answered
http() {
	local line method=GET body=${3:-}
	[ -z "$body" ] || method=POST
	exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
	printf '%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s' \
		"$method" "$2" "${#body}" "$body" >&3
	while IFS= read -r line <&3; do
		printf '%s\n' "${line%$'\r'}"
	done
	exec 3<&- 3>&-
}
