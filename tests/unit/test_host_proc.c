/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers of /proc and /sys: broken text first, then what kernels write. */
#include <string.h>

#include "modules/host/proc/proc.h"
#include "tests/unit/unit.h"

static struct scan text_of(const char *text)
{
	return scan_of(text, strlen(text));
}

static void test_what_is_no_number_is_not_taken(void **state)
{
	static const char *const wrong[] = {
		"", " ", "x", "-1", "+1", "1x", "0x10", "18446744073709551616", "1.5",
	};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scan text = text_of(wrong[i]);

		assert_false(scan_u64(&text, &value));
		assert_int_equal(value, 7);
		assert_ptr_equal(text.at, wrong[i]);
	}
}

static void test_numbers_are_taken_to_their_limits(void **state)
{
	struct scan text = text_of(" 18446744073709551615\t-40000 9223372036854775808 2.04 7");
	uint64_t natural;
	int64_t whole;
	double decimal;

	(void)state;
	assert_true(scan_u64(&text, &natural));
	assert_true(natural == UINT64_MAX);
	assert_true(scan_i64(&text, &whole));
	assert_int_equal(whole, -40000);
	assert_false(scan_i64(&text, &whole));
	assert_true(scan_u64(&text, &natural));
	assert_true(scan_decimal(&text, &decimal));
	assert_true(decimal == 2.04);
	assert_true(scan_decimal(&text, &decimal));
	assert_true(decimal == 7.0);
	assert_false(scan_decimal(&text, &decimal));
}

static void test_decimals_with_missing_digits_are_refused(void **state)
{
	static const char *const wrong[] = {".5", "1.", "1.2.3", "1,2", "12345678901234567890.1"};
	double value = 7.0;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scan text = text_of(wrong[i]);

		assert_false(scan_decimal(&text, &value));
		assert_true(value == 7.0);
	}
}

static void test_files_without_what_they_must_have_are_refused(void **state)
{
	struct proc_stat stat;
	struct proc_memory memory;
	struct proc_load load;
	double number;

	(void)state;
	assert_false(proc_stat_parse(text_of("cpu0 1 2 3 4\nctxt 5\n"), NULL, 0, &stat));
	assert_false(proc_stat_parse(text_of("cpu 1 2 3\n"), NULL, 0, &stat));
	assert_false(proc_memory_parse(text_of("MemFree: 1 kB\n"), &memory));
	assert_false(proc_load_parse(text_of("1.0 2.0\n"), &load));
	assert_false(proc_load_parse(text_of("1.0 2.0 3.0 107 586\n"), &load));
	assert_false(proc_uptime_parse(text_of(""), &number));
	assert_false(proc_celsius_parse(text_of("N/A\n"), &number));
}

static void test_stat_counts_all_cores_but_stores_only_what_has_room(void **state)
{
	const char *file = "cpu  204 172 241 2128 93 5 17 45 9 9\n"
			   "cpu0 75 70 109 1159 4 1 1 2 0 0\n"
			   "cpu7 128 102 132 968 88\n"
			   "intr 629255 0 0 1\nctxt 1373546\nbtime 1795490172\n"
			   "processes 162832\nprocs_running 5\nprocs_blocked 2\n";
	struct proc_core cores[1];
	struct proc_stat stat;

	(void)state;
	assert_true(proc_stat_parse(text_of(file), cores, 1, &stat));
	assert_int_equal(stat.total.user, 204 + 172);
	assert_int_equal(stat.total.system, 241 + 5 + 17);
	assert_int_equal(stat.total.idle, 2128);
	assert_int_equal(stat.total.iowait, 93);
	assert_int_equal(stat.total.steal, 45);
	assert_int_equal(stat.core_count, 2);
	assert_int_equal(cores[0].number, 0);
	assert_int_equal(cores[0].ticks.idle, 1159);
	assert_int_equal(stat.interrupts, 629255);
	assert_int_equal(stat.switches, 1373546);
	assert_int_equal(stat.boot_time, 1795490172);
	assert_int_equal(stat.created, 162832);
	assert_int_equal(stat.running, 5);
	assert_int_equal(stat.blocked, 2);
}

static void test_memory_is_in_bytes(void **state)
{
	const char *file = "MemTotal:       24684084 kB\nMemFree:        23919936 kB\n"
			   "MemAvailable:   24259364 kB\nBuffers:            4840 kB\n"
			   "Cached:           469576 kB\nSwapCached:            9 kB\n"
			   "SwapTotal:          2048 kB\nSwapFree:           1024 kB\n";
	struct proc_memory memory;

	(void)state;
	assert_true(proc_memory_parse(text_of(file), &memory));
	assert_int_equal(memory.total, 24684084ull * 1024);
	assert_int_equal(memory.free, 23919936ull * 1024);
	assert_int_equal(memory.available, 24259364ull * 1024);
	assert_int_equal(memory.buffers, 4840 * 1024);
	assert_int_equal(memory.cached, 469576 * 1024);
	assert_int_equal(memory.swap_total, 2048 * 1024);
	assert_int_equal(memory.swap_free, 1024 * 1024);
}

static void test_load_uptime_and_temperature_are_numbers(void **state)
{
	struct proc_load load;
	double number;

	(void)state;
	assert_true(proc_load_parse(text_of("2.04 1.45 0.72 4/107 586\n"), &load));
	assert_true(load.average[0] == 2.04 && load.average[1] == 1.45 && load.average[2] == 0.72);
	assert_int_equal(load.threads, 107);
	assert_true(proc_uptime_parse(text_of("1430.10 2128.35\n"), &number));
	assert_true(number == 1430.10);
	assert_true(proc_celsius_parse(text_of("-5500\n"), &number));
	assert_true(number == -5.5);
}

static void test_disks_of_old_and_new_kernels_are_read_and_noise_is_not(void **state)
{
	const char *file = "   8       0 sda 100 1 2000 30 400 5 6000 70 2 900 1000\n"
			   "garbage\n"
			   " 254       0 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n";
	struct scan text = text_of(file);
	struct proc_disk disk;

	(void)state;
	assert_true(proc_disk_next(&text, &disk));
	assert_string_equal(disk.name, "sda");
	assert_int_equal(disk.reads, 100);
	assert_int_equal(disk.read_bytes, 2000 * 512);
	assert_int_equal(disk.writes, 400);
	assert_int_equal(disk.written_bytes, 6000 * 512);
	assert_int_equal(disk.in_flight, 2);
	assert_int_equal(disk.busy, 900);
	assert_true(proc_disk_next(&text, &disk));
	assert_string_equal(disk.name, "vda");
	assert_int_equal(disk.busy, 10);
	assert_false(proc_disk_next(&text, &disk));
}

static void test_interfaces_are_read_also_with_a_glued_number_or_an_alias(void **state)
{
	const char *file =
		"Inter-|   Receive                    |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes\n"
		"    lo:   16589     103    1    2    0     0          0         0"
		"    16590     104 3 4 0 0 0 0\n"
		"eth0:1:9 8 7 6 0 0 0 0 5 4 3 2 0 0 0 0\n";
	struct scan text = text_of(file);
	struct proc_interface interface;

	(void)state;
	assert_true(proc_interface_next(&text, &interface));
	assert_string_equal(interface.name, "lo");
	assert_int_equal(interface.received_bytes, 16589);
	assert_int_equal(interface.received_packets, 103);
	assert_int_equal(interface.received_errors, 1);
	assert_int_equal(interface.received_dropped, 2);
	assert_int_equal(interface.sent_bytes, 16590);
	assert_int_equal(interface.sent_packets, 104);
	assert_int_equal(interface.sent_errors, 3);
	assert_int_equal(interface.sent_dropped, 4);
	assert_true(proc_interface_next(&text, &interface));
	assert_string_equal(interface.name, "eth0:1");
	assert_int_equal(interface.received_bytes, 9);
	assert_int_equal(interface.sent_dropped, 2);
	assert_false(proc_interface_next(&text, &interface));
}

static void test_mount_points_have_their_blanks_back(void **state)
{
	struct scan text = text_of("proc /proc\n/dev/sda1 /mnt/my\\040disk\\134x ext4 rw 0 0\n"
				   "/dev/b /mnt/bad\\000 ext4 rw 0 0\n"
				   "/dev/c /mnt/odd\\9 ext4");
	struct proc_mount mount;

	(void)state;
	assert_true(proc_mount_next(&text, &mount));
	assert_string_equal(mount.source, "/dev/sda1");
	assert_string_equal(mount.point, "/mnt/my disk\\x");
	assert_string_equal(mount.type, "ext4");
	assert_true(proc_mount_next(&text, &mount));
	assert_string_equal(mount.point, "/mnt/odd\\9");
	assert_false(proc_mount_next(&text, &mount));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_number_is_not_taken),
		cmocka_unit_test(test_numbers_are_taken_to_their_limits),
		cmocka_unit_test(test_decimals_with_missing_digits_are_refused),
		cmocka_unit_test(test_files_without_what_they_must_have_are_refused),
		cmocka_unit_test(test_stat_counts_all_cores_but_stores_only_what_has_room),
		cmocka_unit_test(test_memory_is_in_bytes),
		cmocka_unit_test(test_load_uptime_and_temperature_are_numbers),
		cmocka_unit_test(test_disks_of_old_and_new_kernels_are_read_and_noise_is_not),
		cmocka_unit_test(test_interfaces_are_read_also_with_a_glued_number_or_an_alias),
		cmocka_unit_test(test_mount_points_have_their_blanks_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
