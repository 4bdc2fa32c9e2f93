# SPDX-License-Identifier: Apache-2.0
# A real edgewayd in a scenario: its folder of modules, its control socket, what
# it uses of the machine. Sourced behind scenario.bash.
# shellcheck shell=bash

build=${top_builddir:?}
modules=${work:?}/modules
file=$work/edge.yaml

daemon_under=() # the command that it is an argument of, such as env

# take_modules NAME...: of modules/, tests/lib or the rehearsal
take_modules() {
	local name
	mkdir -p "$modules"
	for name in "$@"; do
		cp "$build/modules/.libs/$name.so" "$modules" 2>/dev/null ||
			cp "$build/tests/lib/.libs/$name.so" "$modules" 2>/dev/null ||
			cp "$build/tests/contract/rehearsal/.libs/$name.so" "$modules"
	done
}

# daemon [OPTION...]: with $file
# shellcheck disable=SC2120 # most need no option
daemon() {
	start daemon "${daemon_under[@]}" "$build/edgewayd" --module-dir "$modules" \
		--state-dir "$work/state" --run-dir "$work/run" "$@" "$file"
}

ctl() {
	"$build/edgewayctl" --socket "$work/run/control.sock" "$@"
}

# is STATE INSTANCE
is() {
	ctl --json instances |
		grep -qE "\"instance\":\"$2\".*\"state\":\"$1\""
}

# report_of INSTANCE: the line of a checker
report_of() {
	cat "$work/state/instances/$1/report"
}

# field NAME: of the line on stdin
field() {
	sed -nE "s/^(.* )?$1=([0-9]+).*/\\2/p"
}

# uses: RSS in KiB, file descriptors and threads of the daemon
uses() {
	local pid
	pid=$(pid_of daemon)
	echo "$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$pid/status")" \
		"$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" \
		"$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
}

# watch_curl FILE: from now on each answer that curl gets is a line of JSON there,
# as tests/lib/openapi.py reads it; not with -o, and not without a body, as -f has
# it with an error.
watch_curl() {
	local curl
	curl=$(command -v curl)
	mkdir "$work/bin"
	cat >"$work/bin/curl" <<-END
		#!/bin/bash
		set -o pipefail
		sent='' kind=
		before=
		for word; do
			case "\$before \$word" in
			'-d '*) sent=\$word ;;
			'-o '*) exec $curl "\$@" ;;
			'-H Content-Type: '*) kind=\${word#Content-Type: } ;;
			esac
			before=\$word
		done
		all=\$($curl "\$@" -w '\n%{json}')
		status=\$?
		got=\$(sed '\$d' <<<"\$all")
		printf '%s\n' "\$got"
		[ -z "\$got" ] || tail -n 1 <<<"\$all" | jq -c --arg got "\$got" --arg sent "\$sent" \
			--arg kind "\$kind" '{method, target: .url_effective, status: .response_code,
				type: .content_type, \$sent, sent_type: \$kind, \$got}' >>"$1"
		exit \$status
	END
	chmod +x "$work/bin/curl"
	PATH=$work/bin:$PATH
}
