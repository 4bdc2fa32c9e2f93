/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temperatures: the chips of hwmon and the thermal zones, looked for once at
 * the start. A machine without them, as most virtual ones, has none; that is
 * no error. A sensor that cannot be read later has bad values.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/host/host.h"

static const struct section_row rows[] = {
	{"Sensor/Temperature", EW_TYPE_F32, "Cel", 0, 0, 0.5, 0, "temperature"},
};

/* The first line of a small file; "" when there is none. */
static void sensors_line(const char *dir, const char *file, char text_out[PROC_NAME_MAX])
{
	struct source source;
	struct scan text, line;

	text_out[0] = '\0';
	if (source_init(&source, dir, file) == 0) {
		if (source_read(&source, &text) == 0 && scan_line(&text, &line)) {
			(void)scan_copy(&line, text_out, PROC_NAME_MAX); /* else it stays "" */
		}
		source_fini(&source);
	}
}

/* Two chips may have one name: the second gets -2. */
static void sensors_unique(const struct sensors *sensors, char name[HOST_PATH_MAX])
{
	size_t length = strlen(name);
	unsigned number = 1;

	for (size_t i = 0; i < sensors->count; i++) {
		if (strcmp(sensors->at[i].name, name) == 0) {
			number++;
			(void)snprintf(name + length, HOST_PATH_MAX - length, "-%u", number);
			i = (size_t)-1; /* look at all of them again */
		}
	}
}

static int sensors_add(struct sensors *sensors, struct host *host, const char *dir,
		       const char *file, const char *name)
{
	struct sensor *at;
	struct sensor *sensor;
	uint32_t device;
	int rc;

	if (sensors->count == HOST_ITEMS_MAX) {
		return -ENOSPC;
	}
	at = realloc(sensors->at, (sensors->count + 1) * sizeof(*at));
	if (at == NULL) {
		return -ENOMEM;
	}
	sensors->at = at;
	sensor = &at[sensors->count];
	memset(sensor, 0, sizeof(*sensor));
	host_path(host, "temp", name, sensor->name);
	sensors_unique(sensors, sensor->name);
	rc = source_init(&sensor->source, dir, file);
	if (rc != 0) {
		return rc;
	}
	sensors->count++;
	rc = section_device(host->inst, sensor->name, host->settings->device, "temperature",
			    &device);
	if (rc == 0) {
		rc = section_declare(host->inst, device, rows, 1, &sensor->section);
	}
	return rc;
}

/* `temp3_input` of a chip: what it is called is in temp3_label, or it is temp3 */
static int sensors_chip_entry(struct sensors *sensors, struct host *host, const char *dir,
			      const char *entry)
{
	char chip[PROC_NAME_MAX], label[PROC_NAME_MAX], file[PROC_NAME_MAX];
	char name[2 * PROC_NAME_MAX + 2];
	size_t digits = 4;

	while (entry[digits - 1] != '\0' && isdigit((unsigned char)entry[digits])) {
		digits++;
	}
	if (strncmp(entry, "temp", 4) != 0 || digits == 4 ||
	    strcmp(entry + digits, "_input") != 0 || digits > 20) {
		return 0;
	}
	(void)snprintf(file, sizeof(file), "%.*s_label", (int)digits, entry);
	sensors_line(dir, "name", chip);
	sensors_line(dir, file, label);
	if (label[0] == '\0') {
		(void)snprintf(label, sizeof(label), "%.*s", (int)digits, entry);
	}
	(void)snprintf(name, sizeof(name), "%s-%s", chip[0] != '\0' ? chip : "chip", label);
	return sensors_add(sensors, host, dir, entry, name);
}

typedef int (*sensors_entry_fn)(struct sensors *sensors, struct host *host, const char *dir,
				const char *entry);

/* Entries of a folder in the order of their names, so that names of devices are stable. */
static int sensors_each(struct sensors *sensors, struct host *host, const char *dir,
			sensors_entry_fn fn)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, NULL, versionsort);
	int rc = 0;

	if (count < 0) {
		return errno == ENOMEM ? -ENOMEM : 0;
	}
	for (int i = 0; i < count; i++) {
		if (rc == 0 && entries[i]->d_name[0] != '.') {
			rc = fn(sensors, host, dir, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int sensors_chip(struct sensors *sensors, struct host *host, const char *dir,
			const char *entry)
{
	char path[2 * PROC_PATH_MAX + 2];

	(void)snprintf(path, sizeof(path), "%.256s/%.255s", dir, entry);
	return sensors_each(sensors, host, path, sensors_chip_entry);
}

static int sensors_zone(struct sensors *sensors, struct host *host, const char *dir,
			const char *entry)
{
	char path[2 * PROC_PATH_MAX + 2];
	char type[PROC_NAME_MAX];

	if (strncmp(entry, "thermal_zone", 12) != 0) {
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%.256s/%.255s", dir, entry);
	sensors_line(path, "type", type);
	return sensors_add(sensors, host, path, "temp", type[0] != '\0' ? type : entry);
}

int sensors_start(struct sensors *sensors, struct host *host)
{
	char path[PROC_PATH_MAX + 32];
	int rc;

	(void)snprintf(path, sizeof(path), "%.256s/class/hwmon", host->settings->sys);
	rc = sensors_each(sensors, host, path, sensors_chip);
	if (rc == 0) {
		(void)snprintf(path, sizeof(path), "%.256s/class/thermal", host->settings->sys);
		rc = sensors_each(sensors, host, path, sensors_zone);
	}
	return rc;
}

int sensors_scan(struct sensors *sensors, struct host *host)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sensors->count; i++) {
		struct sensor *sensor = &sensors->at[i];
		struct scan text;
		double celsius;

		if (source_read(&sensor->source, &text) == 0 &&
		    proc_celsius_parse(text, &celsius)) {
			rc = section_sample(&sensor->section, &celsius, &host->sheet);
		} else {
			rc = section_sample_bad(&sensor->section, EW_REASON_SENSOR_FAILURE,
						&host->sheet);
		}
	}
	return rc;
}

void sensors_close(struct sensors *sensors)
{
	for (size_t i = 0; i < sensors->count; i++) {
		source_fini(&sensors->at[i].source);
	}
	free(sensors->at);
}
