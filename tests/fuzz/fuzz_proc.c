/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of /proc and /sys: any text goes through every parser of the host
 * module. Names come out terminated and within their size, iterators end, and
 * what is counted is within the text.
 */
#include <string.h>

#include "core/base/check.h"
#include "modules/host/proc/proc.h"
#include "tests/fuzz/fuzz.h"

static void fuzz_stat(struct scan text)
{
	struct proc_core cores[4];
	struct proc_stat stat;

	if (proc_stat_parse(text, cores, 4, &stat)) {
		check(stat.core_count <= (size_t)(text.end - text.at));
	}
}

static void fuzz_rows(struct scan text)
{
	struct proc_disk disk;
	struct proc_interface interface;
	struct proc_mount mount;
	struct scan rest = text;

	while (proc_disk_next(&rest, &disk)) {
		check(memchr(disk.name, '\0', sizeof(disk.name)) != NULL);
		check(disk.name[0] != '\0');
	}
	check(rest.at == rest.end);
	rest = text;
	while (proc_interface_next(&rest, &interface)) {
		check(memchr(interface.name, '\0', sizeof(interface.name)) != NULL);
	}
	check(rest.at == rest.end);
	rest = text;
	while (proc_mount_next(&rest, &mount)) {
		check(memchr(mount.point, '\0', sizeof(mount.point)) != NULL);
		check(mount.point[0] != '\0' && mount.source[0] != '\0' && mount.type[0] != '\0');
	}
	check(rest.at == rest.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scan text = scan_of((const char *)data, size);
	struct proc_memory memory;
	struct proc_load load;
	double number;

	fuzz_stat(text);
	fuzz_rows(text);
	if (proc_memory_parse(text, &memory)) {
		check(memory.total % 1024 == 0);
	}
	if (proc_load_parse(text, &load)) {
		check(load.average[0] >= 0.0 && load.average[0] < 1e19);
	}
	if (proc_uptime_parse(text, &number)) {
		check(number >= 0.0);
	}
	if (proc_celsius_parse(text, &number)) {
		check(number > -1e16 && number < 1e16);
	}
	return 0;
}
