/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host module: against this machine, whose files the test reads before and
 * after; and against files of the test, whose every value is known.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <edgeway/test.h>

#include "tests/unit/unit.h"

extern const struct ew_module ew_module;

static struct ew_test *begin(const char *yaml)
{
	struct ew_test *test;

	assert_int_equal(ew_test_new(&test), 0);
	assert_int_equal(ew_test_load(test, &ew_module, "machine", yaml), 0);
	return test;
}

static void start(struct ew_test *test)
{
	if (ew_test_start(test) != 0) {
		fail_msg("%s", ew_test_error(test));
	}
	ew_test_advance(test, EW_MILLISECOND);
}

/* ---- this machine ---- */

static char *slurp(const char *path)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The number after a word at the start of a line. */
static double number_after(const char *path, const char *word)
{
	const char *text = slurp(path);
	size_t length = strlen(word);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n' ? 1 : 0;
		if (strncmp(line, word, length) == 0) {
			return strtod(line + length, NULL);
		}
	}
	fail_msg("no %s in %s", word, path);
	return 0.0;
}

static void between(struct ew_test *test, const char *tag, double before, double after)
{
	double value = ew_test_number(test, tag);

	if (!(value >= before && value <= after)) {
		fail_msg("%s is %.17g, not in %.17g..%.17g", tag, value, before, after);
	}
}

static void test_constants_of_this_machine_are_the_kernels(void **state)
{
	struct ew_test *test = begin(NULL);
	struct ew_sample sample;
	struct statvfs space;

	(void)state;
	start(test);
	assert_true(ew_test_number(test, "host:Memory/Total") ==
		    number_after("/proc/meminfo", "MemTotal:") * 1024.0);
	assert_int_equal(ew_test_read(test, "host:System/BootTime", &sample), 0);
	assert_true((double)(sample.v.i / EW_SECOND) == number_after("/proc/stat", "btime "));
	assert_true(ew_test_number(test, "host:CPU/Cores") ==
		    (double)sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(statvfs("/", &space), 0);
	assert_true(ew_test_number(test, "host-space-root:Space/Size") ==
		    (double)space.f_frsize * (double)space.f_blocks);
	ew_test_free(&test);
}

static void test_counters_of_this_machine_lie_between_two_looks(void **state)
{
	struct ew_test *test = begin("skip_interfaces: []\n");
	double switches = number_after("/proc/stat", "ctxt ");
	double created = number_after("/proc/stat", "processes ");
	double interrupts = number_after("/proc/stat", "intr ");
	double uptime = number_after("/proc/uptime", "");
	double lo = number_after("/proc/net/dev", "    lo:");

	(void)state;
	start(test);
	between(test, "host:CPU/Switches", switches, number_after("/proc/stat", "ctxt "));
	between(test, "host:Processes/Created", created, number_after("/proc/stat", "processes "));
	between(test, "host:CPU/Interrupts", interrupts, number_after("/proc/stat", "intr "));
	between(test, "host:System/Uptime", uptime, number_after("/proc/uptime", ""));
	between(test, "host-net-lo:Network/ReceivedBytes", lo,
		number_after("/proc/net/dev", "    lo:"));
	ew_test_free(&test);
}

/* ---- files of the test ---- */

static void put(struct ew_test *test, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		(void)snprintf(path, sizeof(path), "%s/%.*s", ew_test_directory(test),
			       (int)(slash - name), name);
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", ew_test_directory(test), name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const char *const stat_1 = "cpu  100 0 100 700 100 0 0 0 0 0\n"
				  "cpu0 50 0 50 350 50 0 0 0 0 0\n"
				  "cpu1 50 0 50 350 50 0 0 0 0 0\nbtime 1700000000\n";
static const char *const stat_2 = "cpu  130 10 120 820 110 0 0 10 0 0\n"
				  "cpu0 50 0 50 450 50 0 0 0 0 0\n"
				  "cpu1 150 0 50 350 50 0 0 0 0 0\nbtime 1700000000\n";

static struct ew_test *begin_with_files(const char *more)
{
	struct ew_test *test;
	char yaml[1024];

	assert_int_equal(ew_test_new(&test), 0);
	(void)snprintf(yaml, sizeof(yaml), "every: 1s\nproc: %s/proc\nsys: %s/sys\n%s",
		       ew_test_directory(test), ew_test_directory(test), more);
	assert_int_equal(ew_test_load(test, &ew_module, "machine", yaml), 0);
	put(test, "proc/stat", stat_1);
	put(test, "proc/meminfo", "MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 750 kB\n");
	put(test, "proc/loadavg", "0.50 0.25 0.10 1/42 99\n");
	put(test, "proc/uptime", "1000.25 1.00\n");
	put(test, "proc/1/x", "");
	put(test, "proc/22/x", "");
	return test;
}

static void test_a_file_that_is_missing_makes_its_tags_bad_and_nothing_else(void **state)
{
	struct ew_test *test = begin_with_files("");
	char path[512];
	const char *text;
	struct ew_sample sample;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/proc/meminfo", ew_test_directory(test));
	assert_int_equal(unlink(path), 0);
	start(test);
	assert_int_equal(ew_test_read(test, "host:Memory/Total", &sample), 0);
	assert_int_equal(sample.quality, EW_BAD | EW_REASON_COMM_FAILURE);
	assert_true(ew_test_number(test, "host:System/Uptime") == 1000.25);
	assert_int_equal(ew_test_health(test, "machine", &text), EW_DEGRADED);
	assert_non_null(strstr(text, "meminfo"));

	put(test, "proc/meminfo", "MemTotal: 1000 kB\n");
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "host:Memory/Total") == 1024000.0);
	assert_int_equal(ew_test_health(test, "machine", NULL), EW_UP);
	ew_test_free(&test);
}

static void test_shares_are_of_the_ticks_between_two_scans(void **state)
{
	struct ew_test *test = begin_with_files("");

	(void)state;
	start(test);
	assert_true(isnan(ew_test_number(test, "host:CPU/Usage")));
	put(test, "proc/stat", stat_2);
	ew_test_advance(test, EW_SECOND);
	/* 200 ticks: 40 user, 20 system, 120 idle, 10 iowait, 10 steal */
	assert_true(ew_test_number(test, "host:CPU/Usage") == 35.0);
	assert_true(ew_test_number(test, "host:CPU/User") == 20.0);
	assert_true(ew_test_number(test, "host:CPU/System") == 10.0);
	assert_true(ew_test_number(test, "host:CPU/IOWait") == 5.0);
	assert_true(ew_test_number(test, "host:CPU/Steal") == 5.0);
	assert_true(ew_test_number(test, "host-cpu0:CPU/Usage") == 0.0);
	assert_true(ew_test_number(test, "host-cpu1:CPU/Usage") == 100.0);
	ew_test_free(&test);
}

static void test_memory_load_and_processes_are_what_the_files_say(void **state)
{
	struct ew_test *test = begin_with_files("");

	(void)state;
	start(test);
	assert_true(ew_test_number(test, "host:Memory/Used") == 256000.0);
	assert_true(ew_test_number(test, "host:Memory/Usage") == 25.0);
	assert_true(ew_test_number(test, "host:Load/1min") == 0.5);
	assert_true(ew_test_number(test, "host:Processes/Threads") == 42.0);
	assert_true(ew_test_number(test, "host:Processes/Total") == 2.0);
	ew_test_free(&test);
}

static void test_disks_come_and_go_partitions_never_come(void **state)
{
	struct ew_test *test = begin_with_files("");

	(void)state;
	put(test, "proc/diskstats", " 8 0 sda 1 0 10 0 2 0 20 0 0 100 0\n"
		" 8 1 sda1 1 0 10 0 2 0 20 0 0 100 0\n 7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n");
	put(test, "sys/class/block/sda1/partition", "1\n");
	start(test);
	assert_true(ew_test_number(test, "host-disk-sda:Disk/ReadBytes") == 5120.0);
	assert_int_equal(ew_test_tag(test, "host-disk-sda1:Disk/ReadBytes"), EW_NO_ID);
	assert_int_equal(ew_test_tag(test, "host-disk-loop0:Disk/ReadBytes"), EW_NO_ID);

	put(test, "proc/diskstats", " 8 0 sda 1 0 10 0 2 0 40 0 0 600 0\n"
		" 8 16 sdb 1 0 10 0 2 0 20 0 0 0 0\n");
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "host-disk-sda:Disk/WriteRate") == 10240.0);
	assert_true(ew_test_number(test, "host-disk-sda:Disk/Busy") == 50.0);
	assert_true(ew_test_number(test, "host-disk-sdb:Disk/Writes") == 2.0);

	put(test, "proc/diskstats", " 8 16 sdb 1 0 10 0 2 0 20 0 0 0 0\n");
	ew_test_advance(test, EW_SECOND);
	assert_int_equal(ew_test_tag(test, "host-disk-sda:Disk/ReadBytes"), EW_NO_ID);
	assert_true(ew_test_number(test, "host-disk-sdb:Disk/Writes") == 2.0);
	ew_test_free(&test);
}

static void test_interfaces_are_filtered_and_know_their_link(void **state)
{
	struct ew_test *test = begin_with_files("interfaces: [e*]\nskip_interfaces: [eth1]\n");

	(void)state;
	put(test, "proc/net/dev", "h\nh\neth0: 100 1 2 3 0 0 0 0 200 4 5 6 0 0 0 0\n"
		"eth1: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\nwlan0: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n");
	put(test, "sys/class/net/eth0/operstate", "down\n");
	start(test);
	assert_true(ew_test_number(test, "host-net-eth0:Network/ReceivedBytes") == 100.0);
	assert_true(ew_test_number(test, "host-net-eth0:Network/SentDropped") == 6.0);
	assert_true(ew_test_number(test, "host-net-eth0:Network/Up") == 0.0);
	assert_int_equal(ew_test_tag(test, "host-net-eth1:Network/Up"), EW_NO_ID);
	assert_int_equal(ew_test_tag(test, "host-net-wlan0:Network/Up"), EW_NO_ID);

	put(test, "sys/class/net/eth0/operstate", "up\n");
	put(test, "proc/net/dev", "eth0: 600 1 2 3 0 0 0 0 100 4 5 6 0 0 0 0\n");
	ew_test_advance(test, EW_SECOND);
	assert_true(ew_test_number(test, "host-net-eth0:Network/ReceiveRate") == 500.0);
	/* a counter that went back has no rate */
	assert_true(isnan(ew_test_number(test, "host-net-eth0:Network/SendRate")));
	assert_true(ew_test_number(test, "host-net-eth0:Network/Up") == 1.0);
	ew_test_free(&test);
}

static void test_temperatures_have_the_names_of_their_chips(void **state)
{
	struct ew_test *test = begin_with_files("");
	struct ew_sample sample;

	(void)state;
	put(test, "sys/class/hwmon/hwmon0/name", "coretemp\n");
	put(test, "sys/class/hwmon/hwmon0/temp1_input", "45000\n");
	put(test, "sys/class/hwmon/hwmon0/temp1_label", "Core 0\n");
	put(test, "sys/class/hwmon/hwmon0/temp2_input", "-5500\n");
	put(test, "sys/class/hwmon/hwmon0/temp2_max", "99000\n");
	put(test, "sys/class/hwmon/hwmon1/name", "coretemp\n");
	put(test, "sys/class/hwmon/hwmon1/temp1_label", "Core 0\n");
	put(test, "sys/class/hwmon/hwmon1/temp1_input", "nonsense\n");
	put(test, "sys/class/thermal/thermal_zone0/type", "acpitz\n");
	put(test, "sys/class/thermal/thermal_zone0/temp", "27800\n");
	put(test, "sys/class/thermal/cooling_device0/type", "Fan\n");
	start(test);
	assert_true(ew_test_number(test, "host-temp-coretemp-Core_0:Sensor/Temperature") == 45.0);
	assert_true(ew_test_number(test, "host-temp-coretemp-temp2:Sensor/Temperature") == -5.5);
	assert_int_equal(ew_test_read(test, "host-temp-coretemp-Core_0-2:Sensor/Temperature",
				      &sample), 0);
	assert_int_equal(sample.quality, EW_BAD | EW_REASON_SENSOR_FAILURE);
	assert_true(fabs(ew_test_number(test, "host-temp-acpitz:Sensor/Temperature") - 27.8) <
		    1e-5);
	ew_test_free(&test);
}

static void test_the_machine_may_have_another_name_and_no_cores(void **state)
{
	struct ew_test *test = begin_with_files("device: gw7\ncores: no\n");

	(void)state;
	start(test);
	assert_true(ew_test_number(test, "gw7:CPU/Cores") == 2.0);
	assert_int_equal(ew_test_count(test, EW_TEST_DEVICE, "gw7-cpu0"), 0);
	ew_test_free(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_is_missing_makes_its_tags_bad_and_nothing_else),
		cmocka_unit_test(test_constants_of_this_machine_are_the_kernels),
		cmocka_unit_test(test_counters_of_this_machine_lie_between_two_looks),
		cmocka_unit_test(test_shares_are_of_the_ticks_between_two_scans),
		cmocka_unit_test(test_memory_load_and_processes_are_what_the_files_say),
		cmocka_unit_test(test_disks_come_and_go_partitions_never_come),
		cmocka_unit_test(test_interfaces_are_filtered_and_know_their_link),
		cmocka_unit_test(test_temperatures_have_the_names_of_their_chips),
		cmocka_unit_test(test_the_machine_may_have_another_name_and_no_cores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
