/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processors, memory, load, uptime, processes: the tags of the machine's own
 * device, and one device a core. Shares of processor time are of the ticks
 * between two scans; totals are the kernel's counters as they stand.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules/host/host.h"

struct cpu_values {
	double usage, user, system, iowait, steal;      /* % */
	double busy;                                    /* s since boot */
	uint64_t cores, interrupts, switches, running, blocked, created;
	int64_t boot_time;
};

#define AT(member) offsetof(struct cpu_values, member)
#define SHARE(row_name, member, text)                                                         \
	{                                                                                     \
		.name = row_name, .type = EW_TYPE_F32, .unit = "%", .high = 100.0,            \
		.deadband = 1.0, .at = AT(member), .about = text,                             \
	}
#define SHARE_ROWS                                                                            \
	SHARE("CPU/Usage", usage, "time that was not idle"),                                  \
	SHARE("CPU/User", user, "time in programs"),                                          \
	SHARE("CPU/System", system, "time in the kernel"),                                    \
	SHARE("CPU/IOWait", iowait, "idle while a disk was busy"),                            \
	SHARE("CPU/Steal", steal, "time that the hypervisor gave to others"),                 \
	{                                                                                     \
		.name = "CPU/BusyTime", .type = EW_TYPE_F64, .unit = "s", .deadband = 1.0,    \
		.at = AT(busy), .about = "time that was not idle, since boot",                \
	}

static const struct section_row core_rows[] = {SHARE_ROWS};

static const struct section_row cpu_rows[] = {
	SHARE_ROWS,
	{"CPU/Cores", EW_TYPE_U32, NULL, 0, 0, 0, AT(cores), "processors that are on"},
	{"CPU/Interrupts", EW_TYPE_U64, NULL, 0, 0, 0, AT(interrupts), "interrupts since boot"},
	{"CPU/Switches", EW_TYPE_U64, NULL, 0, 0, 0, AT(switches), "context switches since boot"},
	{"Processes/Running", EW_TYPE_U32, NULL, 0, 0, 0, AT(running), "runnable threads"},
	{"Processes/Blocked", EW_TYPE_U32, NULL, 0, 0, 0, AT(blocked),
	 "threads that wait for a disk"},
	{"Processes/Created", EW_TYPE_U64, NULL, 0, 0, 0, AT(created),
	 "processes and threads started since boot"},
	{"System/BootTime", EW_TYPE_TIME, NULL, 0, 0, 0, AT(boot_time), "when it was started"},
};

struct memory_values {
	struct proc_memory file;
	uint64_t used, swap_used;
	double usage;
};

#undef AT
#define AT(member) offsetof(struct memory_values, member)

static const struct section_row memory_rows[] = {
	{"Memory/Total", EW_TYPE_U64, "By", 0, 0, 0, AT(file.total), "memory that there is"},
	{"Memory/Available", EW_TYPE_U64, "By", 0, 0, 1e6, AT(file.available),
	 "memory that programs can still have"},
	{"Memory/Free", EW_TYPE_U64, "By", 0, 0, 1e6, AT(file.free), "memory used for nothing"},
	{"Memory/Used", EW_TYPE_U64, "By", 0, 0, 1e6, AT(used), "total less available"},
	{"Memory/Usage", EW_TYPE_F32, "%", 0, 100, 1, AT(usage), "share that is used"},
	{"Memory/Buffers", EW_TYPE_U64, "By", 0, 0, 1e6, AT(file.buffers), "disk blocks kept"},
	{"Memory/Cached", EW_TYPE_U64, "By", 0, 0, 1e6, AT(file.cached), "pages of files kept"},
	{"Swap/Total", EW_TYPE_U64, "By", 0, 0, 0, AT(file.swap_total), "swap space that there is"},
	{"Swap/Used", EW_TYPE_U64, "By", 0, 0, 1e6, AT(swap_used), "swap space used"},
};

struct load_values {
	struct proc_load file;
	uint64_t processes;
};

#undef AT
#define AT(member) offsetof(struct load_values, member)

static const struct section_row load_rows[] = {
	{"Load/1min", EW_TYPE_F32, NULL, 0, 0, 0.05, AT(file.average[0]), "load over 1 minute"},
	{"Load/5min", EW_TYPE_F32, NULL, 0, 0, 0.05, AT(file.average[1]), "load over 5 minutes"},
	{"Load/15min", EW_TYPE_F32, NULL, 0, 0, 0.05, AT(file.average[2]), "load over 15 minutes"},
	{"Processes/Threads", EW_TYPE_U32, NULL, 0, 0, 0, AT(file.threads), "threads that exist"},
	{"Processes/Total", EW_TYPE_U32, NULL, 0, 0, 0, AT(processes), "processes that exist"},
};

static const struct section_row uptime_rows[] = {
	{"System/Uptime", EW_TYPE_F64, "s", 0, 0, 60, 0, "time since boot"},
};

#define ROWS(rows) rows, sizeof(rows) / sizeof(rows[0])

int machine_open(struct machine *machine, struct host *host)
{
	const char *proc = host->settings->proc;
	struct ew_instance *inst = host->inst;
	int rc = source_init(&machine->stat, proc, "stat");

	if (rc == 0) {
		rc = source_init(&machine->memory, proc, "meminfo");
	}
	if (rc == 0) {
		rc = source_init(&machine->load, proc, "loadavg");
	}
	if (rc == 0) {
		rc = source_init(&machine->uptime, proc, "uptime");
	}
	if (rc == 0) {
		rc = section_declare(inst, host->device, ROWS(cpu_rows), &machine->cpu_section);
	}
	if (rc == 0) {
		rc = section_declare(inst, host->device, ROWS(memory_rows),
				     &machine->memory_section);
	}
	if (rc == 0) {
		rc = section_declare(inst, host->device, ROWS(load_rows), &machine->load_section);
	}
	if (rc == 0) {
		rc = section_declare(inst, host->device, ROWS(uptime_rows),
				     &machine->uptime_section);
	}
	return rc;
}

int machine_start(struct machine *machine, struct host *host)
{
	machine->processes = opendir(host->settings->proc);
	if (machine->processes == NULL) {
		ew_log(host->inst, EW_LOG_WARNING, "processes cannot be counted path=%s error=%d",
		       host->settings->proc, errno);
	}
	return 0;
}

void machine_close(struct machine *machine)
{
	source_fini(&machine->stat);
	source_fini(&machine->memory);
	source_fini(&machine->load);
	source_fini(&machine->uptime);
	if (machine->processes != NULL) {
		(void)closedir(machine->processes); /* nothing was written */
	}
	free(machine->parsed);
	free(machine->cores);
}

static uint64_t ticks_busy(const struct cpu_ticks *ticks)
{
	return ticks->user + ticks->system + ticks->steal;
}

/* idle and iowait may go back by a tick or two: a kernel that rounds is not a counter that wraps */
static uint64_t ticks_gained(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static void machine_shares(const struct cpu_ticks *before, const struct cpu_ticks *now,
			   struct cpu_values *values)
{
	double user = 0.0, system = 0.0, iowait = 0.0, steal = 0.0, all = 0.0;

	if (before != NULL) {
		user = (double)ticks_gained(before->user, now->user);
		system = (double)ticks_gained(before->system, now->system);
		iowait = (double)ticks_gained(before->iowait, now->iowait);
		steal = (double)ticks_gained(before->steal, now->steal);
		all = user + system + steal + iowait +
		    (double)ticks_gained(before->idle, now->idle);
	}
	/* 0 / 0 is not a number: no share yet */
	values->usage = (user + system + steal) / all * 100.0;
	values->user = user / all * 100.0;
	values->system = system / all * 100.0;
	values->iowait = iowait / all * 100.0;
	values->steal = steal / all * 100.0;
	values->busy = (double)ticks_busy(now) / (double)sysconf(_SC_CLK_TCK);
}

/* Room for all cores of the machine; more appear when they are plugged in. */
static int machine_reserve(struct machine *machine, size_t count)
{
	struct proc_core *parsed;
	struct core *cores;

	if (count <= machine->core_room) {
		return 0;
	}
	parsed = realloc(machine->parsed, count * sizeof(*parsed));
	if (parsed == NULL) {
		return -ENOMEM;
	}
	machine->parsed = parsed;
	cores = realloc(machine->cores, count * sizeof(*cores));
	if (cores == NULL) {
		return -ENOMEM;
	}
	machine->cores = cores;
	machine->core_room = count;
	return 0;
}

/* The core of this number, declared when it is new. */
static int machine_core(struct machine *machine, struct host *host, uint64_t number,
			struct core **core_out)
{
	char path[HOST_PATH_MAX];
	struct core *core;
	uint32_t device;
	int rc;

	for (size_t i = 0; i < machine->core_count; i++) {
		if (machine->cores[i].number == number) {
			*core_out = &machine->cores[i];
			return 0;
		}
	}
	if (machine->core_count == machine->core_room) {
		return -ENOSPC;
	}
	(void)snprintf(path, sizeof(path), "%s-cpu%llu", host->settings->device,
		       (unsigned long long)number);
	core = &machine->cores[machine->core_count];
	memset(core, 0, sizeof(*core));
	core->number = number;
	rc = section_device(host->inst, path, host->settings->device, "core", &device);
	if (rc == 0) {
		rc = section_declare(host->inst, device, ROWS(core_rows), &core->section);
	}
	if (rc == 0) {
		machine->core_count++;
		*core_out = core;
	}
	return rc;
}

static int machine_scan_cores(struct machine *machine, struct host *host, size_t count)
{
	struct cpu_values values = {.cores = 0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct proc_core *parsed = &machine->parsed[i];
		struct core *core;

		rc = machine_core(machine, host, parsed->number, &core);
		if (rc != 0) {
			break;
		}
		machine_shares(core->has_before ? &core->before : NULL, &parsed->ticks, &values);
		core->before = parsed->ticks;
		core->has_before = true;
		rc = section_sample(&core->section, &values, &host->sheet);
	}
	return rc;
}

static int machine_scan_cpu(struct machine *machine, struct host *host)
{
	struct cpu_values values;
	struct proc_stat stat;
	struct scan text;
	int rc = host_read(host, &machine->stat, &text);

	if (rc == 0 && !proc_stat_parse(text, machine->parsed, machine->core_room, &stat)) {
		rc = -EPROTO;
	}
	if (rc == 0 && stat.core_count > machine->core_room) {
		rc = machine_reserve(machine, stat.core_count);
		if (rc == 0) {
			(void)proc_stat_parse(text, machine->parsed, machine->core_room, &stat);
		}
	}
	if (rc != 0) {
		(void)section_sample_bad(&machine->cpu_section, EW_REASON_COMM_FAILURE,
					 &host->sheet); /* the first error is told */
		return rc;
	}
	machine_shares(machine->has_before ? &machine->before : NULL, &stat.total, &values);
	machine->before = stat.total;
	machine->has_before = true;
	values.cores = stat.core_count;
	values.interrupts = stat.interrupts;
	values.switches = stat.switches;
	values.running = stat.running;
	values.blocked = stat.blocked;
	values.created = stat.created;
	values.boot_time = (int64_t)stat.boot_time * EW_SECOND;
	rc = section_sample(&machine->cpu_section, &values, &host->sheet);
	if (rc == 0 && host->settings->cores) {
		rc = machine_scan_cores(machine, host, stat.core_count);
	}
	return rc;
}

static int machine_scan_memory(struct machine *machine, struct host *host)
{
	struct memory_values values;
	struct scan text;
	int rc = host_read(host, &machine->memory, &text);

	if (rc == 0 && !proc_memory_parse(text, &values.file)) {
		rc = -EPROTO;
	}
	if (rc != 0) {
		(void)section_sample_bad(&machine->memory_section, EW_REASON_COMM_FAILURE,
					 &host->sheet); /* the first error is told */
		return rc;
	}
	values.used = ticks_gained(values.file.available, values.file.total);
	values.swap_used = ticks_gained(values.file.swap_free, values.file.swap_total);
	values.usage = (double)values.used / (double)values.file.total * 100.0;
	return section_sample(&machine->memory_section, &values, &host->sheet);
}

/* Directories of /proc whose names are numbers. */
static uint64_t machine_processes(struct machine *machine)
{
	const struct dirent *entry;
	uint64_t count = 0;

	if (machine->processes == NULL) {
		return 0;
	}
	rewinddir(machine->processes);
	while ((entry = readdir(machine->processes)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
			count++;
		}
	}
	return count;
}

static int machine_scan_load(struct machine *machine, struct host *host)
{
	struct load_values values;
	struct scan text;
	int rc = host_read(host, &machine->load, &text);

	if (rc == 0 && !proc_load_parse(text, &values.file)) {
		rc = -EPROTO;
	}
	if (rc != 0) {
		(void)section_sample_bad(&machine->load_section, EW_REASON_COMM_FAILURE,
					 &host->sheet); /* the first error is told */
		return rc;
	}
	values.processes = machine_processes(machine);
	return section_sample(&machine->load_section, &values, &host->sheet);
}

static int machine_scan_uptime(struct machine *machine, struct host *host)
{
	double seconds;
	struct scan text;
	int rc = host_read(host, &machine->uptime, &text);

	if (rc == 0 && !proc_uptime_parse(text, &seconds)) {
		rc = -EPROTO;
	}
	if (rc != 0) {
		(void)section_sample_bad(&machine->uptime_section, EW_REASON_COMM_FAILURE,
					 &host->sheet); /* the first error is told */
		return rc;
	}
	return section_sample(&machine->uptime_section, &seconds, &host->sheet);
}

int machine_scan(struct machine *machine, struct host *host)
{
	int (*const scans[])(struct machine *, struct host *) = {
		machine_scan_cpu, machine_scan_memory, machine_scan_load, machine_scan_uptime,
	};
	int first = 0;

	for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
		int rc = scans[i](machine, host);

		first = first == 0 ? rc : first;
	}
	return first;
}
