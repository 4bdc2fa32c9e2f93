/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads in all formats: examples encoded, decoded and compared; the same
 * records through every format that can carry them; what must be refused.
 */
#include "proto/lwm2m/format.h"

#include <stdlib.h>

#include "tests/unit/unit.h"
#include "tests/unit/hex.h"

#define RECORDS_MAX  300
#define SECOND       INT64_C(1000000000)
#define EPOCH        (INT64_C(1767225600) * SECOND)

/* A record as a test writes it: a path and a value in the notation of the type. */
struct row {
	const char *path;
	enum lwm2m_type type;
	const char *value;
	int64_t time;
};

#define ROW_INT(path, value)     {path, LWM2M_INTEGER, value, 0}
#define ROW_TEXT(path, value)    {path, LWM2M_STRING, value, 0}
#define ROW_FLOAT(path, value)   {path, LWM2M_FLOAT, value, 0}
#define ROW_BOOL(path, value)    {path, LWM2M_BOOLEAN, value, 0}
#define ROW_NAME(path)           {path, LWM2M_NONE, "", 0}

static struct lwm2m_path path_of(const char *text)
{
	struct lwm2m_path path;

	assert_int_equal(lwm2m_path_parse(text, strlen(text), &path), 0);
	return path;
}

static struct lwm2m_record record_of(const struct row *row)
{
	struct lwm2m_record record = {.path = path_of(row->path), .time = row->time};

	record.value.type = row->type <= LWM2M_NULL ? row->type : LWM2M_PLAIN;
	record.value.v.x.at = row->value;
	record.value.v.x.size = strlen(row->value);
	if (row->type == LWM2M_OPAQUE) {
		record.value.type = LWM2M_OPAQUE;
	} else if (row->type > LWM2M_NULL) {
		assert_int_equal(lwm2m_value_convert(&record.value, row->type, NULL), 0);
	}
	return record;
}

#define ROWS_MAX  8

static const struct {
	const char *name;
	unsigned content;
	const char *base;
	int64_t base_time;
	bool series;
	struct row rows[ROWS_MAX];
	const char *digits;
} examples[] = {
	{"read-composite", 322, "/", 0, false,
	 {ROW_NAME("/3/0/0"), ROW_NAME("/3/0/9"), ROW_NAME("/1/0/1")},
	 "83a100662f332f302f30a100662f332f302f39a100662f312f302f31"},
	{"instance deleted by a patch", 322, "/", 0, false, {{"/3/0/11/1", LWM2M_NULL, "", 0}},
	 "81a200692f332f302f31312f3102f6"},
	{"answer to a read-composite", 11544, "/", 0, false,
	 {ROW_TEXT("/3/0/0", "Open Mobile Alliance"), ROW_INT("/3/0/9", "100"),
	  ROW_INT("/1/0/1", "86400")},
	 "a2820300a200744f70656e204d6f62696c6520416c6c69616e6365091864830100011a00015180"},
	{"one resource", 11544, "/", 0, false, {ROW_TEXT("/3/0/0", "Open Mobile Alliance")},
	 "a183030000744f70656e204d6f62696c6520416c6c69616e6365"},
	{"resource instances", 11544, "/", 0, false,
	 {ROW_INT("/3/0/6/0", "1"), ROW_INT("/3/0/6/1", "5")}, "a183030006a200010105"},
	{"partial write", 112, "/1/0", 0, false,
	 {ROW_INT("/1/0/1", "61"), ROW_BOOL("/1/0/6", "1")},
	 "82a321652f312f302f00613102183da200613604f5"},
	{"write-composite", 11544, "/", 0, false,
	 {ROW_BOOL("/3311/0/5850", "0"), ROW_INT("/3311/2/5851", "20"),
	  ROW_FLOAT("/3308/0/5900", "18")},
	 "a383190cef001916daf483190cef021916db1483190cec0019170cf94c80"},
	{"create", 11544, "/2", 0, false,
	 {ROW_INT("/2/5/0", "5"), ROW_INT("/2/5/1", "0"), ROW_INT("/2/5/2/102", "0"),
	  ROW_INT("/2/5/3", "101")}, "a1820205a4000501008202186600031865"},
	{"create, the client picks", 11544, "/2", 0, false,
	 {ROW_INT("/2/65535/0", "5"), ROW_INT("/2/65535/1", "0"),
	  ROW_INT("/2/65535/2/102", "0"), ROW_INT("/2/65535/3", "101")},
	 "a1820219ffffa4000501008202186600031865"},
	{"notify with a time", 112, "/3303/0/5700", 0, true,
	 {{"/3303/0/5700", LWM2M_FLOAT, "22.1", EPOCH}},
	 "81a3216c2f333330332f302f35373030221a6955b90002fb403619999999999a"},
	{"send", 112, "/", 0, false, {ROW_INT("/3/0/9", "15"), ROW_INT("/3/0/20", "4")},
	 "82a321652f332f302f006139020fa2006232300204"},
	{"send of history", 112, "/", EPOCH, true,
	 {{"/3303/0/5700", LWM2M_FLOAT, "21.5", EPOCH - 2 * SECOND},
	  {"/3303/0/5700", LWM2M_FLOAT, "21.75", EPOCH - SECOND},
	  {"/3303/0/5700", LWM2M_FLOAT, "22", EPOCH}},
	 "83a4216c2f333330332f302f35373030221a6955b900062102f94d60a2062002f94d70a102f94d80"},
	{"send of two objects", 11544, "/", 0, false,
	 {ROW_FLOAT("/3303/0/5700", "21.5"), ROW_FLOAT("/3304/0/5700", "45")},
	 "a283190ce700191644f94d6083190ce800191644f951a0"},
	{"send of two devices", 11544, "/", 0, false,
	 {ROW_FLOAT("/d01/3303/0/5700", "22.1"), ROW_FLOAT("/d02/3305/0/5800", "1234.5"),
	  ROW_FLOAT("/d02/3305/0/5805", "98765.25")},
	 "a28363643031190ce700a1191644fb403619999999999a8363643032190ce900a21916a8fa449a50001916ad"
	 "fa47c0e6a0"},
	{"two devices", 11544, "/", 0, false,
	 {ROW_TEXT("/d01/3/0/0", "Company A"), ROW_INT("/d01/3/0/9", "100"),
	  ROW_TEXT("/d02/3/0/0", "Company B"), ROW_INT("/d02/3/0/9", "65")},
	 "a283636430310300a20069436f6d70616e79204109186483636430320300a20069436f6d70616e7920420918"
	 "41"},
	{"bootstrap-write", 112, "/0/1", 0, false,
	 {ROW_TEXT("/0/1/0", "mqtts://broker.example.com:8883"), ROW_BOOL("/0/1/1", "0"),
	  ROW_INT("/0/1/2", "3"), ROW_INT("/0/1/10", "101"), {"/0/1/26", LWM2M_LINK, "24:0", 0}},
	 "85a321652f302f312f00613003781f6d717474733a2f2f62726f6b65722e6578616d706c652e636f6d3a3838"
	 "3833a200613104f4a20061320203a200623130021865a20062323663766c6f6432343a30"},
	{"tlv integer", 11542, "/3/0", 0, false, {ROW_INT("/3/0/9", "100")}, "c10964"},
	{"tlv below zero", 11542, "/4/0", 0, false, {ROW_INT("/4/0/2", "-49")}, "c102cf"},
	{"tlv four bytes", 11542, "/1/0", 0, false, {ROW_INT("/1/0/1", "86400")},
	 "c40100015180"},
	{"tlv boolean", 11542, "/1/0", 0, false, {ROW_BOOL("/1/0/6", "1")}, "c10601"},
	{"tlv text", 11542, "/3/0", 0, false, {ROW_TEXT("/3/0/0", "Open Mobile Alliance")},
	 "c800144f70656e204d6f62696c6520416c6c69616e6365"},
	{"tlv float", 11542, "/3303/0", 0, false, {ROW_FLOAT("/3303/0/5700", "21.5")},
	 "e4164441ac0000"},
	{"tlv multiple", 11542, "/3/0", 0, false,
	 {ROW_INT("/3/0/6/0", "1"), ROW_INT("/3/0/6/1", "5")}, "8606410001410105"},
	{"tlv instance", 11542, "/3303", 0, false,
	 {ROW_FLOAT("/3303/0/5700", "21.5"), ROW_TEXT("/3303/0/5701", "Cel")},
	 "08000de4164441ac0000e3164543656c"},
	{"tlv link", 11542, "/10/0", 0, false, {{"/10/0/2", LWM2M_LINK, "66:0", 0}},
	 "c40200420000"},
	{"text", 0, "/3303/0/5700", 0, false, {ROW_FLOAT("/3303/0/5700", "21.5")}, "32312e35"},
	{"text of opaque", 0, "/5/0/0", 0, false, {{"/5/0/0", LWM2M_OPAQUE, "ab", 0}},
	 "5957493d"},
	{"opaque", 42, "/5/0/0", 0, false, {{"/5/0/0", LWM2M_OPAQUE, "ab", 0}}, "6162"},
	{"cbor", 60, "/3/0/9", 0, false, {ROW_INT("/3/0/9", "100")}, "1864"},
	{"json", 110, "/", EPOCH, false,
	 {{"/3303/0/5700", LWM2M_FLOAT, "21.5", EPOCH - 2 * SECOND},
	  {"/3303/0/5701", LWM2M_STRING, "C\"el", EPOCH}},
	 /* [{"bn":"/3303/0/","bt":1767225600,"n":"5700","t":-2,"v":21.5}, */
	 "5b7b22626e223a222f333330332f302f222c226274223a313736373232353630302c226e223a223537303022"
	 "2c2274223a2d322c2276223a32312e357d2c"
	 /* {"n":"5701","vs":"C\"el"}] */
	 "7b226e223a2235373031222c227673223a22435c22656c227d5d"},
};

/* What the two ends of a test agree on; scratch is as large as the payload. */
static char scratch[1 << 16];

static void source_init(struct lwm2m_source *source, const void *bytes, size_t size,
			const char *base)
{
	memset(source, 0, sizeof(*source));
	source->bytes = bytes;
	source->size = size;
	source->base = path_of(base);
	source->scratch = scratch;
	source->scratch_size = sizeof(scratch);
}

static void check_record(const struct lwm2m_record *got, const struct lwm2m_record *expected)
{
	static char decoded[1 << 12];
	struct lwm2m_value value = got->value;

	assert_true(lwm2m_path_equal(&got->path, &expected->path));
	assert_int_equal(got->time, expected->time);
	assert_int_equal(lwm2m_value_convert(&value, expected->value.type, decoded), 0);
	assert_true(lwm2m_value_equal(&value, &expected->value));
}

static void test_examples_encode_and_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct lwm2m_target target = {
			.base = path_of(examples[i].base), .base_time = examples[i].base_time,
			.series = examples[i].series,
		};
		const struct row *row = examples[i].rows;
		struct lwm2m_encoder encoder;
		struct lwm2m_decoder decoder;
		struct lwm2m_source source;
		struct lwm2m_record record;
		uint8_t bytes[1024];
		char digits[2049];
		const uint8_t *at;
		size_t size;

		target.bytes = bytes;
		target.room = sizeof(bytes);
		assert_int_equal(lwm2m_encoder_begin(&encoder, examples[i].content, &target), 0);
		for (; row < examples[i].rows + ROWS_MAX && row->path != NULL; row++) {
			record = record_of(row);
			assert_int_equal(lwm2m_encoder_push(&encoder, &record), 0);
		}
		assert_int_equal(lwm2m_encoder_end(&encoder, &at, &size), 0);
		hex_digits(at, size, digits, sizeof(digits));
		if (strcmp(digits, examples[i].digits) != 0) {
			fail_msg("%s: %s", examples[i].name, digits);
		}
		source_init(&source, at, size, examples[i].base);
		assert_int_equal(lwm2m_decoder_begin(&decoder, examples[i].content, &source), 0);
		for (const struct row *r = examples[i].rows; r < row; r++) {
			struct lwm2m_record expected = record_of(r);

			assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
			check_record(&record, &expected);
		}
		assert_int_equal(lwm2m_decoder_next(&decoder, &record), 0);
	}
}

/* ---- other forms of the same ---- */

static int count_records(unsigned content, const char *base, const void *bytes, size_t size)
{
	struct lwm2m_decoder decoder;
	struct lwm2m_source source;
	struct lwm2m_record record;
	int count = 0;
	int rc;

	source_init(&source, bytes, size, base);
	rc = lwm2m_decoder_begin(&decoder, content, &source);
	while (rc == 0) {
		rc = lwm2m_decoder_next(&decoder, &record);
		if (rc == 0) {
			return count;
		}
		count += rc > 0 ? 1 : 0;
		rc = rc > 0 ? 0 : rc;
	}
	return rc;
}

static int count_digits(unsigned content, const char *base, const char *digits)
{
	uint8_t bytes[512];

	return count_records(content, base, bytes, hex_bytes(digits, bytes, sizeof(bytes)));
}

static int count_text(unsigned content, const char *base, const char *text)
{
	return count_records(content, base, text, strlen(text));
}

static void test_other_groupings_are_read(void **state)
{
	(void)state;
	assert_int_equal(count_digits(11544, "/3", "a103a100a100744f70656e204d6f62696c6520416c6c69"
				      "616e6365"), 1);
	assert_int_equal(count_digits(11544, "/3", "bf03bf00bf006158ffffff"), 1);
	assert_int_equal(count_digits(11544, "/3", "a19f0300ffa200610001f6"), 2);
	assert_int_equal(count_digits(11544, "/3", "a163643031a103a100a10005"), 1);
	assert_int_equal(count_digits(11544, "/3", "a18303000dc11a6955b900"), 1);
	assert_int_equal(count_digits(112, "/3", "9fbf21652f332f302f0061390201ffa10061380201ff"),
			 -EPROTO);
	assert_int_equal(count_digits(112, "/3", "9fbf21652f332f302f0061390201ffa20061380201ff"),
			 2);
	assert_int_equal(count_digits(112, "/3", "80"), 0);
	assert_int_equal(count_digits(112, "/3", "82a121652f332f302fa20061390201"), 1);
}

static void test_wrong_payloads_are_refused(void **state)
{
	static const struct {
		unsigned content;
		const char *digits;
	} wrong[] = {
		{11544, "a0"}, {11544, "80"}, {11544, "a1830300"}, {11544, "a18303000065"},
		{11544, "a103a0"}, {11544, "a1820300f5"}, {11544, "a185030006000001"},
		{11544, "a183031a0001000000f5"}, {11544, "a18303000980"}, {11544, "a1830300090a00"},
		{11544, "a1840363643031000001"}, {11544, "a18020"}, {11544, "a1830300098205"},
		{11544, "a103a100a106a100a10105"}, {11544, "a19fff01"},
		{112, "a0"}, {112, "81"}, {112, "8101"}, {112, "81a10201"},
		{112, "81a200633f2f330201"}, {112, "81a200642f332f300261"},
		{112, "81a300662f332f302f390201020302"},
		{112, "81a200662f332f302f3903f5"}, {112, "81a200662f332f302f39036101ff"},
		{112, "81a300662f332f302f39020103616101"}, {112, "81a300662f332f302f3902010501"},
		{112, "81a300662f332f302f39020162785f01"}, {112, "81a3200b00662f332f302f390201"},
		{112, "81a300662f332f302f390201061bffffffffffffffff"},
		{112, "81a300662f332f302f39020106f97e00"},
		{112, "81a200662f332f302f3963766c6f6136"},
		{322, "81a300662f332f302f39221a6955b9000201"},
		{11542, "c109"}, {11542, "c8"}, {11542, "c809ff00"}, {11542, "860541000141"},
		{11542, "c1096464"}, {11542, "080004c10964"}, {11542, "4100ff"},
		{60, ""}, {60, "80"}, {60, "0101"}, {60, "f8ff"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (count_digits(wrong[i].content, wrong[i].content == 60 ? "/3/0/9" : "/3/0",
				 wrong[i].digits) != -EPROTO) {
			fail_msg("%u %s is not refused", wrong[i].content, wrong[i].digits);
		}
	}
	assert_int_equal(count_digits(0, "/3/0", "31"), -EPROTO);
	assert_int_equal(count_digits(7, "/3/0", "31"), -ENOTSUP);
}

static void test_json_is_read_strictly(void **state)
{
	static const char *const wrong[] = {
		"", "{}", "[", "[]x", "[1]", "[{\"n\":\"/3/0/9\",\"v\":01}]",
		"[{\"n\":\"/3/0/9\",\"v\":1,}]", "[{\"n\":\"/3/0/9\",\"v\":\"1\"}]",
		"[{\"n\":\"/3/0/9\",\"vb\":1}]", "[{\"n\":\"/3/0/9\",\"v\":1,\"v\":2}]",
		"[{\"n\":\"/3/0/9\",\"v\":1,\"x_\":2}]", "[{\"n\":\"/3/0/9\",\"v\":1,\"s\":2}]",
		"[{\"n\":\"/3/0/9\",\"v\":1,\"bver\":11}]", "[{\"n\":\"/3/0/9\",\"vd\":\"=\"}]",
		"[{\"n\":\"/3/0/9\",\"vlo\":\"3\"}]", "[{\"v\":1}]", "[{\"n\":5,\"v\":1}]",
		"[{\"n\":\"/3/0/9\",\"v\":1} {\"n\":\"/3/0/8\",\"v\":1}]",
		"[{\"n\":\"/3/0/9\",\"vs\":\"\\ud800\"}]",
		"[{\"n\":\"/3/0/9\",\"vs\":\"\\u0000\"}]",
		"[{\"n\":\"/3/0/9\",\"vs\":\"\n\"}]", "[{\"n\":\"/3/0/9\",\"v\":1e999}]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (count_text(110, "/3/0", wrong[i]) != -EPROTO) {
			fail_msg("%s is not refused", wrong[i]);
		}
	}
	assert_int_equal(count_text(110, "/",
				    " [ {\"bn\":\"/3/0/\" , \"n\":\"9\",\"v\":1e2,"
				    "\"x\":[{\"y\":{}}]},"
				    "{\"n\":\"0\",\"vs\":\"\\u00fc\\ud83d\\ude00\"},"
				    "{\"n\":\"1\",\"v\":null},"
				    "{\"n\":\"2\",\"vd\":\"YWI\"}]\r\n"), 4);
}

static void test_names_are_put_together(void **state)
{
	static const char pack[] =
		"[{\"bn\":\"/d01/3/0/\",\"n\":\"/9\",\"v\":1},"         /* two slashes */
		"{\"bn\":\"/3303/0/57\",\"n\":\"00\",\"v\":2},"         /* within a number */
		"{\"bn\":\"/d0\",\"n\":\"1/3/0/9\",\"v\":3},"           /* within a prefix */
		"{\"bn\":\"\",\"n\":\"/4/0/2\",\"v\":4},"
		"{\"bn\":\"/3/0/9\",\"v\":5},{\"v\":6}]";
	static const char *const paths[] = {
		"/d01/3/0/9", "/3303/0/5700", "/d01/3/0/9", "/4/0/2", "/3/0/9", "/3/0/9",
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_source source;
	struct lwm2m_record record;
	char text[LWM2M_PATH_MAX];

	(void)state;
	source_init(&source, pack, sizeof(pack) - 1, "/");
	assert_int_equal(lwm2m_decoder_begin(&decoder, 110, &source), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
		assert_int_equal(record.value.v.i, i + 1);
		(void)lwm2m_path_format(&record.path, text);
		assert_string_equal(text, paths[i]);
	}
	assert_int_equal(lwm2m_decoder_next(&decoder, &record), 0);
}

static void test_times_are_relative_when_small(void **state)
{
	static const char pack[] =
		"[{\"n\":\"/3/0/9\",\"v\":1},{\"n\":\"/3/0/9\",\"v\":1,\"t\":-5},"
		"{\"n\":\"/3/0/9\",\"v\":1,\"bt\":1767225600.25},"
		"{\"n\":\"/3/0/9\",\"v\":1,\"t\":0.5}]";
	static const int64_t times[] = {
		0, EPOCH - 5 * SECOND, EPOCH + SECOND / 4, EPOCH + SECOND / 4 * 3,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_source source;
	struct lwm2m_record record;

	(void)state;
	source_init(&source, pack, sizeof(pack) - 1, "/");
	source.now = EPOCH;
	assert_int_equal(lwm2m_decoder_begin(&decoder, 110, &source), 0);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
		assert_int_equal(record.time, times[i]);
	}
}

/* ---- any records, through every format that can carry them ---- */

static unsigned pick(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % below;
}

static void random_value(unsigned *seed, struct lwm2m_value *value_out)
{
	static const char text[] = "a \"quoted\" \\ text\x01 \xc3\xbc, and more of it";
	static const double floats[] = {0, -0.5, 21.5, 22.1, 1e-30, -1e300, 98765.25};
	static const int64_t integers[] = {
		0, 1, -1, 127, -129, 40000, -40000, INT64_MAX, INT64_MIN, 1767225600,
	};
	static const enum lwm2m_type types[] = {
		LWM2M_STRING, LWM2M_INTEGER, LWM2M_UNSIGNED, LWM2M_FLOAT, LWM2M_BOOLEAN,
		LWM2M_OPAQUE, LWM2M_TIME, LWM2M_LINK,
	};

	memset(value_out, 0, sizeof(*value_out));
	value_out->type = types[pick(seed, 8)];
	switch (value_out->type) {
	case LWM2M_INTEGER:
	case LWM2M_TIME:
		value_out->v.i = integers[pick(seed, 10)];
		return;
	case LWM2M_UNSIGNED:
		value_out->v.u = pick(seed, 2) == 0 ? UINT64_MAX : pick(seed, 1000);
		return;
	case LWM2M_FLOAT:
		value_out->v.f = floats[pick(seed, 7)];
		return;
	case LWM2M_BOOLEAN:
		value_out->v.b = pick(seed, 2) == 1;
		return;
	case LWM2M_LINK:
		value_out->v.link.object = (uint16_t)pick(seed, 65536);
		value_out->v.link.instance = (uint16_t)pick(seed, 65536);
		return;
	default:
		value_out->v.x.at = text;
		value_out->v.x.size = pick(seed, sizeof(text));
		if (value_out->v.x.size == 20) {
			value_out->v.x.size = 19;       /* not within a character */
		}
	}
}

/* Ascending paths, now and then with resource instances and the same again. */
static size_t random_records(unsigned *seed, bool prefixes, struct lwm2m_record *records)
{
	size_t count = 1 + pick(seed, RECORDS_MAX - 1);
	uint16_t ids[4] = {3303, 0, 0, 0};
	unsigned device = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned step = pick(seed, 20);

		if (step == 0 && prefixes) {
			device = 1 - device;
			ids[0] = (uint16_t)(ids[0] + 1);
		} else if (step == 1) {
			ids[1]++;
			ids[2] = ids[3] = 0;
		} else if (step < 5) {
			ids[3]++;
		} else {
			ids[2] = (uint16_t)(ids[2] + 1 + pick(seed, 300));
			ids[3] = 0;
		}
		records[i].path = lwm2m_path_of(step < 5 && step > 1 ? 4 : 3, ids);
		if (prefixes) {
			records[i].path.prefix = device == 0 ? "d01" : "pump-2";
			records[i].path.prefix_size = device == 0 ? 3 : 6;
		}
		records[i].time = 0;
		random_value(seed, &records[i].value);
	}
	return count;
}

static void through(unsigned content, const char *base, const struct lwm2m_record *records,
		    size_t count)
{
	static uint8_t bytes[1 << 16];
	struct lwm2m_target target = {.bytes = bytes, .room = sizeof(bytes),
				      .base = path_of(base)};
	struct lwm2m_encoder encoder;
	struct lwm2m_decoder decoder;
	struct lwm2m_source source;
	struct lwm2m_record record;
	const uint8_t *at;
	size_t size;

	assert_int_equal(lwm2m_encoder_begin(&encoder, content, &target), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(lwm2m_encoder_push(&encoder, &records[i]), 0);
	}
	assert_int_equal(lwm2m_encoder_end(&encoder, &at, &size), 0);
	source_init(&source, at, size, base);
	assert_int_equal(lwm2m_decoder_begin(&decoder, content, &source), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(lwm2m_decoder_next(&decoder, &record), 1);
		check_record(&record, &records[i]);
	}
	assert_int_equal(lwm2m_decoder_next(&decoder, &record), 0);
}

static void test_any_records_survive_every_format(void **state)
{
	static struct lwm2m_record records[RECORDS_MAX];
	unsigned seed = 1;

	(void)state;
	for (int turn = 0; turn < 200; turn++) {
		size_t count = random_records(&seed, false, records);

		through(11542, "/3303", records, count);
		through(11544, "/", records, count);
		through(112, "/", records, count);
		through(110, "/", records, count);
		through(322, "/", records, count);
		through(320, "/", records, count);
		count = random_records(&seed, true, records);
		through(11544, "/", records, count);
		for (size_t i = 0; i < count; i++) {
			records[i].time = EPOCH + (int64_t)pick(&seed, 1 << 24) * 1000000;
		}
		through(112, "/", records, count);
	}
}

static void test_a_full_target_keeps_what_it_has(void **state)
{
	static const unsigned contents[] = {110, 112, 320, 322, 11542, 11544};
	uint8_t bytes[1000];
	const struct row row = ROW_TEXT("/3303/0/5701", "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"");

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct lwm2m_target target = {.bytes = bytes, .room = sizeof(bytes),
					      .base = path_of("/3303")};
		struct lwm2m_record record = record_of(&row);
		struct lwm2m_encoder encoder;
		const uint8_t *at;
		size_t size;
		int count = 0;

		assert_int_equal(lwm2m_encoder_begin(&encoder, contents[i], &target), 0);
		while (lwm2m_encoder_push(&encoder, &record) == 0) {
			record.path.ids[2]++;
			count++;
		}
		assert_in_range(count, 5, 100);
		assert_int_equal(lwm2m_encoder_push(&encoder, &record), -EMSGSIZE);
		assert_int_equal(lwm2m_encoder_end(&encoder, &at, &size), 0);
		assert_true(at >= bytes && at + size <= bytes + sizeof(bytes));
		assert_int_equal(count_records(contents[i], "/3303", at, size), count);
	}
}

static void test_formats_say_what_they_cannot_carry(void **state)
{
	const struct row timed = {"/3/0/9", LWM2M_INTEGER, "1", EPOCH};
	const struct row named = ROW_INT("/d01/3/0/9", "1");
	struct lwm2m_record record;
	struct lwm2m_encoder encoder;
	uint8_t bytes[512];
	struct lwm2m_target target = {.bytes = bytes, .room = sizeof(bytes)};
	const uint8_t *at;
	size_t size;

	(void)state;
	assert_int_equal(lwm2m_encoder_begin(&encoder, 40, &target), -ENOTSUP);
	assert_int_equal(lwm2m_encoder_begin(&encoder, 11544, &target), 0);
	assert_int_equal(lwm2m_encoder_end(&encoder, &at, &size), -ENODATA);
	record = record_of(&timed);
	record.path.depth = 2;
	assert_int_equal(lwm2m_encoder_push(&encoder, &record), -EINVAL);
	record = record_of(&timed);
	assert_int_equal(lwm2m_encoder_begin(&encoder, 322, &target), 0);
	assert_int_equal(lwm2m_encoder_push(&encoder, &record), -EINVAL);
	record = record_of(&named);
	target.base = path_of("/3/0");
	assert_int_equal(lwm2m_encoder_begin(&encoder, 11542, &target), 0);
	assert_int_equal(lwm2m_encoder_push(&encoder, &record), -EINVAL);
	target.base = path_of("/3/0/9");
	assert_int_equal(lwm2m_encoder_begin(&encoder, 0, &target), 0);
	assert_int_equal(lwm2m_encoder_push(&encoder, &record), 0);
	assert_int_equal(lwm2m_encoder_push(&encoder, &record), -EINVAL);
	target.room = 3;
	assert_int_equal(lwm2m_encoder_begin(&encoder, 112, &target), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_payloads_are_refused),
		cmocka_unit_test(test_json_is_read_strictly),
		cmocka_unit_test(test_examples_encode_and_decode),
		cmocka_unit_test(test_other_groupings_are_read),
		cmocka_unit_test(test_names_are_put_together),
		cmocka_unit_test(test_times_are_relative_when_small),
		cmocka_unit_test(test_any_records_survive_every_format),
		cmocka_unit_test(test_a_full_target_keeps_what_it_has),
		cmocka_unit_test(test_formats_say_what_they_cannot_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
