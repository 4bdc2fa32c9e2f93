# SPDX-License-Identifier: Apache-2.0
# Who may include whom. Reads C sources, prints each include that goes against
# the direction of dependency.
BEGIN {
	# a folder may include itself and the folders named here
	may["include/edgeway"] = ""
	may["proto"] = ""
	may["core/base"] = "include/edgeway"
	may["core/loop"] = "include/edgeway core/base"
	may["core/conf"] = "include/edgeway core/base"
	lower = "include/edgeway core/base core/loop core/conf"
	may["core/bus"] = lower " core/store"
	may["core/store"] = lower
	may["core/uplink"] = lower
	may["core/http"] = lower
	lower = lower " core/bus core/store core/uplink core/http"
	may["core/module"] = lower
	lower = lower " core/module"
	may["core/api"] = lower
	may["core/audit"] = "include/edgeway core/base core/loop core/bus"
	may["core/ctl"] = lower
	may["core/gateway"] = lower
	may["core/rehearsal"] = lower
	lower = lower " core/api core/audit core/ctl core/gateway core/rehearsal"
	may["core/daemon"] = lower
	may["core/edgewayctl"] = "include/edgeway core/base core/http"
	may["core"] = "core/daemon core/edgewayctl"

	# both ends of Sparkplug mean the same by a value
	shared["modules/sparkplug_host"] = "modules/sparkplug/value.h"

	# in core, each of these belongs to one file of one folder
	owner["mosquitto.h"] = "core/uplink"
	owner["yaml.h"] = "core/conf"
	owner["microhttpd.h"] = "core/http"
	owner["dlfcn.h"] = "core/module"
}

function folder_of(path,    parts, count) {
	count = split(path, parts, "/")
	if (parts[1] == "include")
		return "include/edgeway"
	if (parts[1] == "proto")
		return "proto"
	if (parts[1] == "modules")
		return count > 2 ? "modules/" parts[2] : "modules"
	if (parts[1] == "core")
		return count > 2 ? "core/" parts[2] : "core"
	return parts[1]
}

function fault(text) {
	print FILENAME ":" FNR ": " text
}

function check_own(from, to, path) {
	if (from == to || index(" " may[from] " ", " " to " "))
		return
	fault(from " may not include " path)
}

function check_foreign(from, name) {
	if (from == "include/edgeway" &&
	    name !~ /^std(arg|bool|def|int)\.h$/)
		fault("a public header may not include <" name ">")
	if (!(name in owner) || from !~ /^core/)
		return
	if (from != owner[name])
		fault("<" name "> belongs to " owner[name])
	else if (name in user && user[name] != FILENAME)
		fault("<" name "> is included by " user[name] " already")
	user[name] = FILENAME
}

FNR == 1 {
	from = folder_of(FILENAME)
	if (!(from in may) && from !~ /^modules\/./)
		fault("no rule for the folder " from)
}

/^[ \t]*#[ \t]*include/ {
	if (!match($0, /["<][^">]+[">]/)) {
		fault("an include that names no file")
		next
	}
	mark = substr($0, RSTART, 1)
	name = substr($0, RSTART + 1, RLENGTH - 2)
	if (mark == "<" && name ~ /^edgeway\//) {
		if (from == "proto")
			fault("proto may not include <" name ">")
	} else if (mark == "<") {
		check_foreign(from, name)
	} else if (name ~ /^edgeway\// || from == "include/edgeway") {
		fault("write <edgeway/...> for a public header: " name)
	} else if (name == "config.h") {
		if (from !~ /^core/)
			fault("config.h is for core")
	} else if (name ~ /\.\.\//) {
		fault("write the path from the top: " name)
	} else if (name !~ /^(core|proto|modules)\//) {
		fault("write the path from the top: " name)
	} else if (from ~ /^modules\//) {
		if (folder_of(name) != from && folder_of(name) != "proto" && shared[from] != name)
			fault(from " may not include " name)
	} else {
		check_own(from, folder_of(name), name)
	}
}
