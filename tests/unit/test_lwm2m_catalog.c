/* SPDX-License-Identifier: Apache-2.0 */
/* Object definitions in XML: what they say, and where they are wrong. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules/lwm2m_server/catalog.h"
#include "proto/lwm2m/value.h"

#define BEGIN  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LWM2M>\n"
#define ITEM(id, name, operations, type, more)                                              \
	"<Item ID=\"" id "\"><Name>" name "</Name><Operations>" operations "</Operations>"  \
	"<MultipleInstances>Single</MultipleInstances><Mandatory>Optional</Mandatory>"      \
	"<Type>" type "</Type>" more "</Item>\n"
#define OBJECT(id, name, items)                                                             \
	"<Object ObjectType=\"MODefinition\"><Name>" name "</Name>"                         \
	"<Description1><![CDATA[What <it> is, at a length that nobody keeps, because it is" \
	" for people and not for machines, who would rather have a number.]]></Description1>" \
	"<ObjectID>" id "</ObjectID><ObjectURN>urn:oma:lwm2m:x:" id "</ObjectURN>"          \
	"<LWM2MVersion>1.1</LWM2MVersion><ObjectVersion>1.1</ObjectVersion>"                \
	"<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory>\n"  \
	"<Resources>\n" items "</Resources><Description2/></Object>\n"
#define END    "</LWM2M>\n"

static const char station[] = BEGIN OBJECT("42769", "Pump Station",
	ITEM("1", "Grease Level", "RW", "Float",
	     "<RangeEnumeration> 0..100 </RangeEnumeration><Units>%</Units>")
	ITEM("2", "Flush", "E", "", "<RangeEnumeration></RangeEnumeration><Units></Units>"
	     "<Description>Nothing</Description>")
	ITEM("3", "Badge", "R", "String", "")) END;

static struct catalog catalog;
static char why[CATALOG_WHY_MAX];

static int parse(const char *file, const char *xml)
{
	why[0] = '\0';
	return catalog_parse(&catalog, file, xml, strlen(xml), why);
}

static int end(void **state)
{
	(void)state;
	catalog_fini(&catalog);
	return 0;
}

static void test_a_definition_is_what_it_says(void **state)
{
	struct lwm2m_resource resource;
	struct lwm2m_path path;
	char name[CATALOG_NAME_MAX];

	(void)state;
	assert_int_equal(catalog_path(&catalog, "Pump Station/0/Grease Level", &path), -EPROTO);
	if (parse("station.xml", station) != 0) {
		fail_msg("%s", why);
	}
	assert_int_equal(catalog_path(&catalog, "pump station/4/grease level", &path), 0);
	assert_int_equal(path.depth, 3);
	assert_int_equal(path.ids[0], 42769);
	assert_int_equal(path.ids[2], 1);
	assert_true(catalog_resource(&catalog, &path, &resource));
	assert_int_equal(resource.type, LWM2M_FLOAT);
	assert_int_equal(resource.operations, LWM2M_READABLE | LWM2M_WRITABLE);
	assert_string_equal(resource.unit, "%");
	assert_true(resource.low == 0 && resource.high == 100);
	assert_false(resource.is_multiple || resource.is_mandatory);
	(void)catalog_name(&catalog, &path, name);
	assert_string_equal(name, "Pump Station/4/Grease Level");
	path.ids[2] = 2;
	assert_true(catalog_resource(&catalog, &path, &resource));
	assert_int_equal(resource.type, LWM2M_NONE);
	assert_int_equal(resource.operations, LWM2M_EXECUTABLE);
	assert_null(resource.unit);
	path.ids[2] = 9;
	assert_false(catalog_resource(&catalog, &path, &resource));
	assert_string_equal(catalog_object(&catalog, 42769)->version, "1.1");
	assert_true(catalog_object(&catalog, 42769)->is_multiple);
	/* what is built in is there too, in one order */
	assert_int_equal(catalog_path(&catalog, "Device/0/Manufacturer", &path), 0);
	assert_int_equal(catalog_from(&catalog, 0)->id, 0);
	assert_int_equal(catalog_from(&catalog, 4)->id, 4);
	assert_int_equal(catalog_from(&catalog, 42000)->id, 42769);
	assert_null(catalog_from(&catalog, 42770));
}

static void test_a_file_comes_before_what_is_built_in(void **state)
{
	struct lwm2m_path path;

	(void)state;
	assert_int_equal(parse("3303.xml", BEGIN OBJECT("3303", "Warmth",
		ITEM("5700", "Degrees", "R", "Float", "")) END), 0);
	assert_int_equal(catalog_path(&catalog, "Warmth/0/Degrees", &path), 0);
	assert_int_equal(catalog_path(&catalog, "Temperature/0/Sensor Value", &path), -EPROTO);
	assert_int_equal(parse("again.xml", BEGIN OBJECT("1234", "Other", "")
		OBJECT("3303", "Warmth", "") END), -EPROTO);
	assert_non_null(strstr(why, "object 3303 is defined in 3303.xml too"));
	assert_null(catalog_object(&catalog, 1234));
}

static void test_what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *xml, *place, *words;
	} wrong[] = {
		{"", "x.xml:1:", "no element found"},
		{"<LWM2M>\n<Object>", "x.xml:2:9: ", "no element found"},
		{"<LWM2M>\n  <Thing/></LWM2M>", "x.xml:2:3: ", "'Thing' where Object"},
		{"<LWM2M></LWM2M>", "x.xml:1:", "there is no Object"},
		{"<DDFList/>", "x.xml:1:1: ", "the root is 'DDFList'"},
		{"<!DOCTYPE a [<!ENTITY b \"bb\">]>\n<LWM2M/>", "x.xml:1:1", "document type"},
		{BEGIN OBJECT("x", "A", "") END, "x.xml:3:", "'x' is not an id"},
		{BEGIN OBJECT("65535", "A", "") END, "x.xml:3:", "not an id"},
		{BEGIN OBJECT("1", "", "") END, "x.xml:3:", "the name is empty"},
		{BEGIN OBJECT("1", "A", "") OBJECT("1", "B", "") END, "x.xml:8:", "there twice"},
		{BEGIN OBJECT("1", "A", "<Thing/>") END, "x.xml:5:1: ", "'Thing' where Item"},
		{BEGIN OBJECT("1", "A", "<Item/>") END, "x.xml:5:1: ", "no ID"},
		{BEGIN OBJECT("1", "A", "<Item ID=\"1\"/>") END, "x.xml:5:1", "has no Name"},
		{BEGIN OBJECT("1", "A", ITEM("1", "A", "RX", "Float", "")) END, "x.xml:5:",
		 "the operations 'RX'"},
		{BEGIN OBJECT("1", "A", ITEM("1", "A", "R", "Double", "")) END, "x.xml:5:",
		 "the type 'Double' is not known"},
		{BEGIN OBJECT("1", "A", ITEM("1", "A", "R", "", "")) END, "x.xml:5:",
		 "resource 1 has no type"},
		{BEGIN OBJECT("1", "A", ITEM("1", "A", "R", "Float", "<Type>Float</Type>")) END,
		 "x.xml:5:", "a second Type"},
		{BEGIN OBJECT("1", "A", ITEM("1", "A", "R", "Float", "")
			      ITEM("1", "B", "R", "Float", "")) END, "x.xml:6:1: ", "there twice"},
		{"<LWM2M><Object><A><A><A><A><A><A><A><A><A><A><A><A><A><A><A>", "x.xml:1:",
		 "nested more than 16 deep"},
	};
	char *large = calloc(1, CATALOG_FILE_MAX + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc = parse("x.xml", wrong[i].xml);

		if (rc != -EPROTO || strncmp(why, wrong[i].place, strlen(wrong[i].place)) != 0 ||
		    strstr(why, wrong[i].words) == NULL) {
			fail_msg("%zu: %d %s", i, rc, why);
		}
		assert_int_equal(catalog.count, 0);
	}
	assert_non_null(large);
	assert_int_equal(catalog_parse(&catalog, "x.xml", large, CATALOG_FILE_MAX + 1, why),
			 -EPROTO);
	free(large);
}

static void put(const char *directory, const char *name, const char *xml)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(xml, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_a_directory_is_read_file_by_file(void **state)
{
	static const char *const names[] = {"42769.xml", "DDF.xml", "notes.txt", "bad.xml"};
	char directory[] = "/tmp/ew-objects-XXXXXX";

	(void)state;
	assert_int_equal(catalog_load(&catalog, "/nowhere/at/all", why), -EIO);
	assert_non_null(mkdtemp(directory));
	put(directory, names[0], station);
	put(directory, names[1], "<DDFList/>");
	put(directory, names[2], "no XML");
	assert_int_equal(catalog_load(&catalog, directory, why), 0);
	assert_int_equal(catalog.count, 1);
	catalog_fini(&catalog);
	put(directory, names[3], "<LWM2M>\n<");
	assert_int_equal(catalog_load(&catalog, directory, why), -EPROTO);
	assert_non_null(strstr(why, "/bad.xml:2:1: "));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_definition_is_what_it_says, end),
		cmocka_unit_test_teardown(test_a_file_comes_before_what_is_built_in, end),
		cmocka_unit_test_teardown(test_what_is_wrong_is_told_with_its_place, end),
		cmocka_unit_test_teardown(test_a_directory_is_read_file_by_file, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
