#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# etc/redpanda-connect.yaml in the core of Redpanda Connect, which is a Go module
# (the output to Kafka is not in it: a file takes its place): every event
# arrives, in order, with its key, and is acknowledged, though the program is
# killed in the middle.
# shellcheck source=tests/lib/scenario.bash
. "${top_srcdir:?}/tests/lib/scenario.bash"
# shellcheck source=tests/lib/daemon.bash
. "$top_srcdir/tests/lib/daemon.bash"
take_modules events numbers
patience=60

# go_is_new COMMAND: it can build the peer
go_is_new() {
	"$1" version 2>/dev/null | grep -qE 'go1\.(2[5-9]|[3-9][0-9])'
}

# get_go: Debian 12 has none that is new enough; one comes from where modules do
get_go() {
	local from=${GOPROXY:-https://proxy.golang.org} name=v0.0.1-go1.25.5.linux-$1
	curl -sSfL -o "$work/go.zip" "${from%%,*}/golang.org/toolchain/@v/$name.zip"
	python3 -m zipfile -e "$work/go.zip" "$work"
	chmod -R u+x "$work/golang.org/toolchain@$name/bin" "$work/golang.org/toolchain@$name/pkg/tool"
	go=$work/golang.org/toolchain@$name/bin/go
}

step 'the peer'
go=go
go_is_new "$go" || get_go "$(dpkg --print-architecture)" 2>"$work/go.log" || fail 'no go is to be had'
export GOTOOLCHAIN=local GOCACHE="$work/go-cache" GOPATH="$work/go-path" GOFLAGS=-modcacherw
mkdir "$work/peer"
cp "$top_srcdir/tests/interop/redpanda_peer.go" "$work/peer/main.go"
(cd "$work/peer" && "$go" mod init peer &&
	"$go" get github.com/redpanda-data/benthos/v4/public/service@v4.60.0 &&
	"$go" mod tidy && "$go" build -o ../connect .) >"$work/go.log" 2>&1 || fail 'go cannot build the peer'

step 'the configuration, with a file in the place of Kafka'
awk '/^      - kafka_franz:/ {
		print "      - file: {path: \"${OUT}\", codec: lines}"
		skip = 1
		next
	}
	skip && /^        processors:/ { skip = 0 }
	!skip' "$top_srcdir/etc/redpanda-connect.yaml" >"$work/connect.yaml"
grep -q kafka_franz "$work/connect.yaml" && fail 'Kafka is still there'

port=$(free_port)
token=$("$build/edgewayctl" token new connect operator "$work/tokens.yaml" | tail -n 1)
cat >"$file" <<-END
	version: 1
	gateway: {name: gw1}
	http: {listen: "127.0.0.1:$port", tokens: $work/tokens.yaml}
	routes: [{from: [n], to: [ev]}]
	instances:
	  n: {module: numbers, tags: 1, every: 5ms}
	  ev: {module: events, samples: yes}
END
daemon
wait_for 'the daemon' has_logged daemon 'ready after'

# connect: started anew, as systemd would do it
connect() {
	start connect env EDGEWAY_URL="http://127.0.0.1:$port" EDGEWAY_TOKEN="$token" \
		OUT="$work/out" SESSION="$RANDOM$RANDOM" "$work/connect" run "$work/connect.yaml"
}
# has_events COUNT
has_events() {
	[ -s "$work/out" ] && [ "$(wc -l <"$work/out")" -ge "$1" ]
}
step 'events arrive'
connect
wait_for 'events' has_events 500

step 'killed, and started again'
stop connect KILL
before=$(wc -l <"$work/out")
connect
wait_for 'more events' has_events $((before + 500))

step 'nothing is missing, and all is acknowledged'
python3 - "$work/out" <<-'END'
	import json, sys
	seen, last = set(), 0
	for line in open(sys.argv[1], encoding="utf-8"):
	    event = json.loads(line)
	    assert event["key"] == "n", event
	    for record in event["data"].get("records", []):
	        number = int(record["value"])
	        assert number <= last + 1, "%d after %d" % (number, last)
	        last = max(last, number)
	        seen.add(number)
	first = min(seen)
	assert len(seen) == last - first + 1, "%d of %d" % (len(seen), last - first + 1)
END
is_acknowledged() {
	curl -sSf -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/events/consumers" |
		python3 -c 'import json, sys; row = json.load(sys.stdin)[0]
sys.exit(row["acknowledged"] < '"$before"')'
}
wait_for 'acknowledgements' is_acknowledged
