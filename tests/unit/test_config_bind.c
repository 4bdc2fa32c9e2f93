/* SPDX-License-Identifier: Apache-2.0 */
/* An instance's settings, devices and tags: YAML, profiles, CSV, overrides. */
#include "core/conf/config_bind.h"

#include <errno.h>

#include "core/base/check.h"
#include "tests/unit/conf_fixture.h"

struct settings {
	ew_dur every;
	double low, high;
	const struct ew_node *rules;
};

struct device_settings {
	const char *address;
};

struct tag_settings {
	uint64_t reg;
};

static const struct ew_option options[] = {
	EW_DURATION_OPTION(struct settings, every, .fallback = "1s", .help = "h"),
	EW_OPTION(struct settings, low, .help = "h"),
	EW_OPTION(struct settings, high, .fallback = "1", .help = "h"),
	EW_RAW_OPTION(struct settings, rules, .help = "h"), EW_OPTION_END};

static const struct ew_option device_options[] = {EW_OPTION(struct device_settings, address,
							    .flags = EW_REQUIRED, .help = "h"),
						  EW_OPTION_END};

static const struct ew_option tag_options[] = {EW_OPTION(struct tag_settings, reg,
							 .name = "register", .max = "65535",
							 .help = "h"),
					       EW_OPTION_END};

static int check_settings(const void *settings, struct ew_error *err)
{
	const struct settings *own = settings;

	if (own->rules != NULL && ew_node_kind(own->rules) != EW_NODE_MAP) {
		return ew_node_fail(err, own->rules, "rules are a map");
	}
	return own->low < own->high ? 0 : ew_fail(err, "'low' must be below 'high'");
}

static int check_devices(const void *settings, const struct ew_device_config *devices,
			 size_t count, struct ew_error *err)
{
	(void)settings;
	for (size_t i = 0; i < count; i++) {
		const struct device_settings *own = devices[i].settings;

		if (strcmp(own->address, "nowhere") == 0) {
			return ew_node_fail(err, devices[i].node, "device '%s' is nowhere",
					    devices[i].spec.path);
		}
	}
	return 0;
}

static const struct ew_module module = {
	.option_size = sizeof(struct ew_option),
	.flags = EW_HAS_DEVICES,
	.name = "bus",
	.options = options,
	.device_options = device_options,
	.tag_options = tag_options,
	.settings_size = sizeof(struct settings),
	.device_settings_size = sizeof(struct device_settings),
	.tag_settings_size = sizeof(struct tag_settings),
	.check = check_settings,
	.check_devices = check_devices,
};

static struct diag diag;
static struct config *config;
static struct config_bound *bound;

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	config_bound_free(&bound);
	config_free(&config);
	diag_fini(&diag);
	return 0;
}

static int bind_loaded(const struct ew_module *of)
{
	return config_bind_instance(config, config_find_instance(config, "line1"), of, 0, &diag,
				    &bound);
}

static int bind_yaml(const char *text)
{
	if (config_load_text("edge.yaml", text, strlen(text), &diag, &config) < 0) {
		print_error("%s", fixture_told(&diag));
		fail();
	}
	return bind_loaded(&module);
}

static const struct ew_tag_config *find(const char *path, const char *name,
					const struct config_tag_extra **extra)
{
	const struct config_device_extra *device;

	assert_non_null(config_find_device(bound, path, &device));
	return config_find_tag(device, name, extra);
}

static void test_unknown_options_are_told_with_those_of_core_and_module(void **state)
{
	(void)state;
	assert_int_equal(bind_yaml("version: 1\ninstances:\n  line1:\n    module: bus\n"
				   "    evry: 1s\n    lop: x\n"
				   "    devices:\n      d1: {adress: x, tag: {}}\n"
				   "      d2: {address: x, tags: {T: {registr: 1, untit: bar}}}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:5:5: line1: unknown option 'evry', did you mean 'every'?");
	assert_told(&diag, "edge.yaml:6:5: line1: unknown option 'lop', did you mean 'loop'?");
	assert_told(&diag, "edge.yaml:8:12: line1: unknown option 'adress', did you mean "
			   "'address'?");
	assert_told(&diag, "edge.yaml:8:11: line1: option 'address' is required");
	assert_told(&diag, "edge.yaml:8:23: line1: unknown option 'tag', did you mean 'tags'?");
	assert_told(&diag, "unknown option 'registr', did you mean 'register'?");
	assert_told(&diag, "unknown option 'untit', did you mean 'unit'?");
	assert_null(bound);
}

static void test_wrong_tags_are_told(void **state)
{
	(void)state;
	assert_int_equal(bind_yaml(
				 "version: 1\ninstances:\n  line1:\n    module: bus\n    devices:\n"
				 "      a+b: {address: x}\n"
				 "      d: {address: x, profile: pmp}\n"
				 "      e:\n        address: x\n        parent: e\n        tags:\n"
				 "          a: {type: f65}\n"
				 "          b: {range: [5, 1]}\n"
				 "          c: {range: 1..x}\n"
				 "          d: {scale: 0}\n"
				 "          e: {writable: maybe}\n"
				 "          f: {range: [0, 5], writable: [1, 9]}\n"
				 "          g: {access: [read], writable: yes}\n"
				 "          h: {labels: {on: 1}}\n"
				 "          i: {labels: \"0=off|1\"}\n"
				 "          j: {clamp: yes}\n"
				 "          k: {register: 70000}\n"
				 "          l: {access: [wrote]}\n"
				 "profiles: {pump: {}}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:6:7: line1: 'a+b' cannot be the path of a device");
	assert_told(&diag, "line1: there is no profile 'pmp', did you mean 'pump'?");
	assert_told(&diag, "edge.yaml:12:21: line1: 'type': 'f65' is no datatype, did you mean");
	assert_told(&diag, "edge.yaml:13:22: line1: a range must rise, 5 to 1 does not");
	assert_told(&diag, "edge.yaml:14:22: line1: 'x' is not a number");
	assert_told(&diag, "edge.yaml:15:22: line1: 'scale' is 0");
	assert_told(&diag, "edge.yaml:16:25: line1: 'maybe' is no range");
	assert_told(&diag, "what a write may set is outside 'range'");
	assert_told(&diag, "'writable' and 'access' contradict each other");
	assert_told(&diag, "labels: 'on' is not a whole number");
	assert_told(&diag, "labels: '0=off|1' is not like 0=off|1=on");
	assert_told(&diag, "'clamp' needs a 'range'");
	assert_told(&diag, "'register': '70000' is above the maximum 65535");
	assert_told(&diag, "'access': 'wrote' is not one of read, write, execute");
}

static void test_errors_in_a_csv_have_its_place(void **state)
{
	static const char *const names[] = {"t.csv", NULL};
	static const char yaml[] = "version: 1\ninstances: {line1: {module: bus, devices: "
				   "{d: {address: x, tags: t.csv}}}}\n";
	char folder[sizeof(FIXTURE_FOLDER)];

	(void)state;
	fixture_enter(folder);
	fixture_write("t.csv", "name,type,rnge,register\nA,u16,0..5,1\nB,u17,,x\n");
	assert_int_equal(bind_yaml(yaml), -EINVAL);
	assert_told(&diag, "t.csv:1:11: line1: unknown option 'rnge', did you mean 'range'?");
	assert_told(&diag, "t.csv:3:8: line1: 'register': 'x' is not a whole number");
	config_free(&config);
	fixture_write("t.csv", "name,type\nA,u16\nA,u16\n");
	assert_int_equal(config_load_text("edge.yaml", yaml, strlen(yaml), &diag, &config),
			 -EINVAL);
	assert_told(&diag, "t.csv:3:1: 'A' is given twice, first at t.csv:2:1");
	fixture_leave(folder, names);
	assert_int_equal(config_load_text("edge.yaml", yaml, strlen(yaml), &diag, &config),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:2:66: cannot read 't.csv'");
}

static void test_the_modules_own_check_is_asked(void **state)
{
	struct ew_module deviceless = module;

	(void)state;
	assert_int_equal(bind_yaml("version: 1\ninstances:\n  line1: {module: bus, low: 2}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:3:10: line1: 'low' must be below 'high'");
	config_free(&config);
	assert_int_equal(bind_yaml("version: 1\ninstances:\n  line1: {module: bus, rules: []}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:3:31: line1: rules are a map");
	config_free(&config);
	assert_int_equal(bind_yaml("version: 1\ninstances:\n  line1: {module: bus, devices: "
				   "{a: {address: x},\n d: {address: nowhere}}}\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:4:5: line1: device 'd' is nowhere");
	config_free(&config);
	deviceless.flags = 0;
	assert_int_equal(bind_yaml("version: 1\ninstances:\n  line1: {module: bus, devices: "
				   "{d: {address: x}}}\n"),
			 0);
	assert_null(bound->devices[0].node);
	config_bound_free(&bound);
	assert_int_equal(bind_loaded(&deviceless), -EINVAL);
	assert_told(&diag, "edge.yaml:3:33: line1: module 'bus' takes no devices");
}

static void test_profiles_and_tags_are_laid_over_each_other(void **state)
{
	const struct config_tag_extra *extra;
	const struct ew_tag_config *tag;

	(void)state;
	assert_int_equal(
		bind_yaml(
			"version: 1\nprofiles:\n  pump:\n"
			"    Speed: {type: u16, scale: 0.1, unit: Hz, range: [0, 60], writable: "
			"yes}\n"
			"    Flow: {type: f32, deadband: 0.1}\n"
			"instances:\n  line1:\n    module: bus\n    every: 5s\n    rules: {a: "
			"[b]}\n"
			"    devices:\n"
			"      p1: {address: x, profile: pump}\n"
			"      p2: {address: y, profile: pump, type: special, properties: {k: v}}\n"
			"      p0:\n        address: z\n        profile: pump\n        tags:\n"
			"          Speed: {register: 7, writable: [5, 50], unit: rpm}\n"
			"          Mode: {type: i8, labels: {0: off, 1: on}, access: [read, "
			"execute]}\n"),
		0);
	config_free(&config); /* what is bound stands on its own */

	assert_true(((struct settings *)bound->settings)->every == INT64_C(5000000000));
	assert_string_equal(ew_node_key(((struct settings *)bound->settings)->rules, 0), "a");
	assert_int_equal(bound->device_count, 3);
	assert_string_equal(bound->devices[0].spec.path, "p1");
	assert_string_equal(bound->devices[0].spec.type, "pump");
	assert_string_equal(bound->devices[1].spec.type, "special");
	assert_string_equal(bound->devices[1].spec.properties[0].value, "v");
	assert_string_equal(((const struct device_settings *)bound->devices[1].settings)->address,
			    "y");
	assert_ptr_equal(bound->devices[0].tags, bound->devices[1].tags);
	assert_int_equal(bound->devices[2].tag_count, 3);

	tag = find("p0", "Speed", &extra);
	assert_non_null(tag);
	assert_int_equal(tag->spec.type, EW_TYPE_U16);
	assert_string_equal(tag->spec.unit, "rpm");
	assert_true(tag->spec.scale == 0.1 && tag->spec.low == 0 && tag->spec.high == 60);
	assert_true(tag->spec.write_low == 5 && tag->spec.write_high == 50);
	assert_int_equal(tag->spec.access, EW_ACCESS_READ | EW_ACCESS_WRITE);
	assert_int_equal(((const struct tag_settings *)tag->settings)->reg, 7);
	tag = find("p0", "Mode", &extra);
	assert_string_equal(tag->spec.labels[1].text, "on");
	assert_int_equal(tag->spec.access, EW_ACCESS_READ | EW_ACCESS_EXECUTE);
	assert_null(find("p0", "None", &extra));
	tag = find("p2", "Flow", &extra);
	assert_int_equal(extra->set, CONFIG_SET_TYPE | CONFIG_SET_DEADBAND);
}

static void test_csv_tags_read_like_yaml_ones(void **state)
{
	static const char *const names[] = {"t.csv", NULL};
	char folder[sizeof(FIXTURE_FOLDER)];
	const struct config_tag_extra *extra;
	const struct ew_tag_config *tag;

	(void)state;
	fixture_enter(folder);
	fixture_write("t.csv", "name,type,range,writable,labels,access,register,clamp\n"
			       "A,u16,0..100,10..20,,,5,yes\n"
			       "B,array of i16,,,0=off|1=on,read|write,,\n");
	assert_int_equal(bind_yaml("version: 1\nprofiles: {p: t.csv}\ninstances: {line1: {module: "
				   "bus, devices: {d: {address: x, tags: t.csv}, "
				   "e: {address: x, profile: p}}}}\n"),
			 0);
	fixture_leave(folder, names);
	tag = find("d", "A", &extra);
	assert_true(tag->spec.low == 0 && tag->spec.high == 100 && tag->spec.write_low == 10);
	assert_true(tag->spec.clamp && (extra->set & CONFIG_SET_CLAMP) != 0);
	assert_int_equal(((const struct tag_settings *)tag->settings)->reg, 5);
	tag = find("e", "B", &extra);
	assert_int_equal(tag->spec.type, EW_TYPE_ARRAY | EW_TYPE_I16);
	assert_int_equal(tag->spec.label_count, 2);
	assert_int_equal(tag->spec.labels[1].value, 1);
	assert_int_equal(tag->spec.access, EW_ACCESS_READ | EW_ACCESS_WRITE);
}

static void test_what_yaml_gives_replaces_what_the_module_declares(void **state)
{
	struct ew_device_spec device = {.size = sizeof(device),
					.path = "d",
					.type = "own",
					.version = "1"};
	struct ew_tag_spec spec = {.size = sizeof(spec),
				   .name = "A",
				   .type = EW_TYPE_F64,
				   .unit = "K",
				   .high = 9,
				   .scale = 2,
				   .clamp = true,
				   .deadband = 1};

	(void)state;
	assert_int_equal(bind_yaml("version: 1\ninstances: {line1: {module: bus, devices: {d: "
				   "{address: x, version: 2, tags: {A: {unit: Cel, deadband: 0, "
				   "writable: no, max_age: 1m}}}}}}\n"),
			 0);
	config_override_device(bound, &device);
	assert_string_equal(device.type, "own");
	assert_string_equal(device.version, "2");
	config_override_tag(bound, "d", &spec);
	assert_true(spec.clamp); /* the YAML does not mention it */
	assert_string_equal(spec.unit, "Cel");
	assert_true(spec.high == 9 && spec.scale == 2 && spec.deadband == 0);
	assert_true(spec.max_age == INT64_C(60000000000));
	assert_int_equal(spec.access, EW_ACCESS_READ);
	assert_int_equal(spec.type, EW_TYPE_F64);
	spec.name = "B";
	spec.unit = "K";
	config_override_tag(bound, "d", &spec);
	config_override_tag(bound, "nowhere", &spec);
	assert_string_equal(spec.unit, "K");
}

static void test_a_thousand_devices_are_found_by_path(void **state)
{
	static char text[40000];
	const struct config_device_extra *extra;
	size_t at;
	int i;
	char path[16];

	(void)state;
	at = (size_t)snprintf(text, sizeof(text),
			      "version: 1\nprofiles: {p: {A: {}}}\ninstances:\n  line1:\n    "
			      "module: bus\n    devices:\n");
	for (i = 0; i < 1000; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "      d%d: {address: x, profile: p}\n", i);
	}
	assert_int_equal(bind_yaml(text), 0);
	for (i = 0; i < 1000; i++) {
		const struct ew_device_config *device;

		(void)snprintf(path, sizeof(path), "d%d", i);
		device = config_find_device(bound, path, &extra);
		assert_ptr_equal(device, &bound->devices[i]);
	}
	assert_null(config_find_device(bound, "d1000", &extra));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_unknown_options_are_told_with_those_of_core_and_module),
		TEST(test_wrong_tags_are_told),
		TEST(test_errors_in_a_csv_have_its_place),
		TEST(test_the_modules_own_check_is_asked),
		TEST(test_profiles_and_tags_are_laid_over_each_other),
		TEST(test_csv_tags_read_like_yaml_ones),
		TEST(test_what_yaml_gives_replaces_what_the_module_declares),
		TEST(test_a_thousand_devices_are_found_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
