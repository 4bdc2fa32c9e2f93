/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's descriptor and life cycle: options, one timer, one batch a
 * scan. A part that cannot be read has bad values; the others go on.
 */
#include "modules/host/host.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCANS, LOST, METRIC_COUNT };

static const struct ew_metric metrics[] = {
	[SCANS] = {.name = "scans_total", .help = "scans of the machine"},
	[LOST] = {.name = "lost_samples_total", .help = "samples that could not be published"},
};

static const struct ew_option options[] = {
	EW_DURATION_OPTION(struct host_settings, every, .fallback = "5s", .min = "100ms",
			   .max = "1h", .help = "time between two scans"),
	EW_OPTION(struct host_settings, device, .fallback = "host",
		  .help = "name of the machine's device, and how those below it begin"),
	EW_OPTION(struct host_settings, cores, .fallback = "yes", .help = "a device for each core"),
	EW_LIST_OPTION(struct host_settings, disks, disk_count, .fallback = "*",
		       .help = "patterns of disks to read; partitions are never"),
	EW_LIST_OPTION(struct host_settings, skip_disks, skip_disk_count,
		       .fallback = "loop*,ram*,zram*", .help = "patterns of disks to leave out"),
	EW_LIST_OPTION(struct host_settings, mounts, mount_count, .fallback = "*",
		       .help = "patterns of mount points whose space is read"),
	EW_LIST_OPTION(struct host_settings, skip_mounts, skip_mount_count,
		       .help = "patterns of mount points to leave out"),
	EW_LIST_OPTION(struct host_settings, interfaces, interface_count, .fallback = "*",
		       .help = "patterns of network interfaces to read"),
	EW_LIST_OPTION(struct host_settings, skip_interfaces, skip_interface_count,
		       .fallback = "lo,veth*", .help = "patterns of interfaces to leave out"),
	EW_OPTION(struct host_settings, proc, .fallback = "/proc",
		  .help = "where the kernel's process files are"),
	EW_OPTION(struct host_settings, sys, .fallback = "/sys",
		  .help = "where the kernel's device files are"),
	EW_OPTION_END
};

static bool host_matches(const char *name, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fnmatch(patterns[i], name, 0) == 0) {
			return true;
		}
	}
	return false;
}

bool host_wants(const char *name, const char *const *yes, size_t yes_count,
		const char *const *no, size_t no_count)
{
	return host_matches(name, yes, yes_count) && !host_matches(name, no, no_count);
}

void host_path(const struct host *host, const char *prefix, const char *name,
	       char path_out[HOST_PATH_MAX])
{
	size_t start;

	/* a name that is too long is cut: the device has it as its own path all the same */
	(void)snprintf(path_out, HOST_PATH_MAX, "%s-%s-", host->settings->device, prefix);
	start = strlen(path_out);
	for (size_t i = start; i + 1 < HOST_PATH_MAX && *name != '\0'; i++, name++) {
		unsigned char c = (unsigned char)*name;

		path_out[i] = c == '/' ? '-' : c <= ' ' || c >= 0x7f || c == '+' || c == '#' ?
		    '_' : (char)c;
		path_out[i + 1] = '\0';
	}
}

double host_rate(const struct host *host, uint64_t before, uint64_t now, bool has_before)
{
	if (!has_before || now < before || !(host->seconds > 0.0)) {
		return (double)NAN;
	}
	return (double)(now - before) / host->seconds;
}

int host_read(struct host *host, struct source *source, struct scan *text_out)
{
	int rc = source_read(source, text_out);

	if (rc != 0 && host->fault == NULL) {
		host->fault = source->path;
	}
	return rc;
}

/* How this scan went, said once until it changes. */
static void host_tell_health(struct host *host, int rc)
{
	char text[120];

	if (rc == 0) {
		ew_health(host->inst, EW_UP, NULL);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s: %s",
		       host->fault != NULL ? host->fault : "scan", strerror(-rc));
	ew_health(host->inst, EW_DEGRADED, text);
}

static void host_publish(struct host *host)
{
	size_t done = 0;

	while (done < host->sheet.count) {
		size_t count = host->sheet.count - done;
		int rc;

		count = count > EW_BATCH_MAX ? EW_BATCH_MAX : count;
		rc = ew_publish(host->inst, host->sheet.samples + done, count, NULL);
		if (rc != 0) {
			ew_metric_add(host->inst, LOST, (double)count);
			ew_log(host->inst, EW_LOG_WARNING, "samples lost count=%zu error=%d",
			       count, -rc);
		}
		done += count;
	}
}

static void host_on_timer(void *arg)
{
	struct host *host = arg;
	ew_dur now = ew_now();
	int parts[5];
	int worst = 0;

	host->seconds = host->scanned == 0 ? (double)NAN :
	    (double)(now - host->scanned) / (double)EW_SECOND;
	host->scanned = now;
	host->fault = NULL;
	host->sheet.count = 0;
	host->sheet.time = ew_wall();
	parts[0] = machine_scan(&host->machine, host);
	parts[1] = disks_scan(&host->disks, host);
	parts[2] = mounts_scan(&host->mounts, host);
	parts[3] = interfaces_scan(&host->interfaces, host);
	parts[4] = sensors_scan(&host->sensors, host);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		worst = worst == 0 ? parts[i] : worst;
	}
	host_publish(host);
	ew_metric_add(host->inst, SCANS, 1);
	host_tell_health(host, worst);
}

static void host_close(void *self)
{
	struct host *host = self;

	if (host == NULL) {
		return;
	}
	ew_timer_free(&host->timer);
	machine_close(&host->machine);
	disks_close(&host->disks);
	mounts_close(&host->mounts);
	interfaces_close(&host->interfaces);
	sensors_close(&host->sensors);
	free(host->sheet.samples);
	free(host);
}

static int host_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct host *host = calloc(1, sizeof(*host));
	int rc;

	if (host == NULL) {
		return -ENOMEM;
	}
	host->inst = inst;
	host->settings = settings;
	rc = section_device(inst, host->settings->device, NULL, "host", &host->device);
	if (rc == 0) {
		rc = machine_open(&host->machine, host);
	}
	if (rc == 0) {
		rc = disks_open(&host->disks, host);
	}
	if (rc == 0) {
		rc = mounts_open(&host->mounts, host);
	}
	if (rc == 0) {
		rc = interfaces_open(&host->interfaces, host);
	}
	if (rc == 0) {
		rc = ew_timer_new(inst, "scan", host_on_timer, host, &host->timer);
	}
	if (rc != 0) {
		host_close(host);
		return rc;
	}
	*self_out = host;
	return 0;
}

static int host_start(void *self)
{
	struct host *host = self;
	int rc = machine_start(&host->machine, host);

	if (rc == 0) {
		rc = sensors_start(&host->sensors, host);
	}
	if (rc == 0) {
		ew_timer_set(host->timer, 0, host->settings->every);
	}
	return rc;
}

static void host_stop(void *self)
{
	struct host *host = self;

	ew_timer_stop(host->timer);
	ew_stopped(host->inst);
}

EW_MODULE(
	.name = "host",
	.version = "1.0",
	.summary = "the machine itself: processors, memory, disks, network, temperatures",
	.options = options,
	.settings_size = sizeof(struct host_settings),
	.metrics = metrics,
	.metric_count = METRIC_COUNT,
	.open = host_open,
	.start = host_start,
	.stop = host_stop,
	.close = host_close);
