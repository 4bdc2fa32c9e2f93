/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records per second through SenML CBOR and LwM2M CBOR on one core: ours, the
 * same with libcbor as its manual shows it, and a loop written for this one
 * payload, which knows where each byte is and checks nothing but bounds.
 * Samples are runs of floats, as bulk data has them.
 */
#include <cbor.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "proto/lwm2m/format.h"
#include "tests/bench/bench.h"

#define RECORDS  1000u
#define SECOND   INT64_C(1000000000)
#define EPOCH    INT64_C(1767225600)
#define ROUND    INT64_C(70000000)      /* ns of each measurement */
#define ROUNDS   9u

static struct lwm2m_record records[RECORDS];
static uint8_t room[1 << 17];
static double sum;              /* keeps the compiler from leaving the reading out */

/* ---- ours ---- */

static size_t ours_encode(unsigned content, const uint8_t **at_out)
{
	struct lwm2m_target target = {
		.bytes = room, .room = sizeof(room), .base_time = EPOCH * SECOND, .series = true,
	};
	struct lwm2m_encoder encoder;
	size_t size;

	check(lwm2m_encoder_begin(&encoder, content, &target) == 0);
	for (size_t i = 0; i < RECORDS; i++) {
		check(lwm2m_encoder_push(&encoder, &records[i]) == 0);
	}
	check(lwm2m_encoder_end(&encoder, at_out, &size) == 0);
	return size;
}

static size_t ours_decode(unsigned content, const uint8_t *at, size_t size)
{
	const struct lwm2m_source source = {.bytes = at, .size = size};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	size_t count = 0;

	check(lwm2m_decoder_begin(&decoder, content, &source) == 0);
	while (lwm2m_decoder_next(&decoder, &record) > 0) {
		sum += record.value.v.f;
		count++;
	}
	return count;
}

/* ---- libcbor ---- */

static void pair(cbor_item_t *map, cbor_item_t *key, cbor_item_t *value)
{
	check(cbor_map_add(map, (struct cbor_pair){cbor_move(key), cbor_move(value)}));
}

static cbor_item_t *narrow(double value)
{
	if ((double)(float)value == value) {
		return cbor_build_float4((float)value);
	}
	return cbor_build_float8(value);
}

static cbor_item_t *whole(int64_t value)
{
	return value < 0 ? cbor_build_uint32((uint32_t)0) : cbor_build_uint16((uint16_t)value);
}

static size_t libcbor_encode_senml(uint8_t **out)
{
	cbor_item_t *pack = cbor_new_definite_array(RECORDS);
	uint16_t instance = UINT16_MAX;
	size_t size, space;

	for (size_t i = 0; i < RECORDS; i++) {
		const struct lwm2m_record *record = &records[i];
		cbor_item_t *map = cbor_new_definite_map(4);
		char name[LWM2M_PATH_MAX];

		if (record->path.ids[1] != instance) {
			instance = record->path.ids[1];
			(void)lwm2m_path_format(&record->path, name);
			pair(map, cbor_build_negint8(1), cbor_build_string(name));
		}
		if (i == 0) {
			pair(map, cbor_build_negint8(2), cbor_build_uint32((uint32_t)EPOCH));
		}
		pair(map, cbor_build_uint8(6), whole(record->time / SECOND - EPOCH));
		pair(map, cbor_build_uint8(2), narrow(record->value.v.f));
		check(cbor_array_push(pack, cbor_move(map)));
	}
	size = cbor_serialize_alloc(pack, out, &space);
	cbor_decref(&pack);
	return size;
}

static double number(const cbor_item_t *item)
{
	return cbor_isa_float_ctrl(item) ? cbor_float_get_float(item) : 0;
}

static size_t libcbor_decode_senml(const uint8_t *at, size_t size)
{
	struct cbor_load_result result;
	cbor_item_t *pack = cbor_load(at, size, &result);
	size_t count;

	check(pack != NULL);
	count = cbor_array_size(pack);
	for (size_t i = 0; i < count; i++) {
		cbor_item_t *map = cbor_array_handle(pack)[i];

		for (size_t j = 0; j < cbor_map_size(map); j++) {
			const struct cbor_pair *field = &cbor_map_handle(map)[j];

			if (cbor_isa_uint(field->key) && cbor_get_int(field->key) == 2) {
				sum += number(field->value);
			}
		}
	}
	cbor_decref(&pack);
	return count;
}

static size_t libcbor_encode_lwm2m(uint8_t **out)
{
	cbor_item_t *all = cbor_new_definite_map(RECORDS);
	size_t size, space;

	for (size_t i = 0; i < RECORDS; i++) {
		cbor_item_t *key = cbor_new_definite_array(3);

		for (size_t j = 0; j < 3; j++) {
			check(cbor_array_push(key, cbor_move(
				cbor_build_uint16(records[i].path.ids[j]))));
		}
		pair(all, key, narrow(records[i].value.v.f));
	}
	size = cbor_serialize_alloc(all, out, &space);
	cbor_decref(&all);
	return size;
}

static size_t libcbor_decode_lwm2m(const uint8_t *at, size_t size)
{
	struct cbor_load_result result;
	cbor_item_t *all = cbor_load(at, size, &result);
	size_t count;

	check(all != NULL);
	count = cbor_map_size(all);
	for (size_t i = 0; i < count; i++) {
		sum += number(cbor_map_handle(all)[i].value);
	}
	cbor_decref(&all);
	return count;
}

/* ---- a loop for this payload alone: numbers, floats and keys of known places ---- */

static size_t reference_encode(bool paths, uint8_t *out)
{
	struct cbor_out to = {out, out + sizeof(room), false};
	uint16_t instance = UINT16_MAX;

	for (size_t i = 0; i < RECORDS; i++) {
		const struct lwm2m_record *record = &records[i];

		if (paths) {
			cbor_put_byte(&to, 0x83);
			cbor_put_uint(&to, record->path.ids[0]);
			cbor_put_uint(&to, record->path.ids[1]);
			cbor_put_uint(&to, record->path.ids[2]);
		} else {
			cbor_put_byte(&to, record->path.ids[1] != instance ? 0xa3 : 0xa2);
			if (record->path.ids[1] != instance) {
				cbor_put_byte(&to, 0x21);
				cbor_put_string(&to, CBOR_TEXT, "/3303/000/5700", 14);
				instance = record->path.ids[1];
			}
			cbor_put_byte(&to, 6);
			cbor_put_int(&to, record->time / SECOND - EPOCH);
			cbor_put_byte(&to, 2);
		}
		cbor_put_float(&to, record->value.v.f);
	}
	return (size_t)(to.at - out);
}

static size_t reference_decode(const uint8_t *at, size_t size)
{
	struct cbor_in in = {at, at + size};
	struct cbor_item item;
	size_t count = 0;

	while (in.at < in.end && cbor_next(&in, &item) == 0) {
		if (item.kind == CBOR_FLOAT) {
			sum += item.v.f;
			count++;
		}
	}
	return count;
}

/* ---- the contest ---- */

enum { OURS, LIBCBOR, REFERENCE, WAYS };

static void turn(unsigned content, int way, bool decode, const uint8_t *at, size_t size)
{
	uint8_t *other = NULL;
	bool paths = content == LWM2M_CONTENT_LWM2M_CBOR;

	if (way == OURS) {
		(void)(decode ? ours_decode(content, at, size) : ours_encode(content, &at));
	} else if (way == REFERENCE) {
		static uint8_t own[sizeof(room)];

		check(decode ? reference_decode(at, size) >= RECORDS :
		      reference_encode(paths, own) > 0);
	} else if (decode) {
		check((paths ? libcbor_decode_lwm2m(at, size) :
		       libcbor_decode_senml(at, size)) > 0);
	} else {
		check((paths ? libcbor_encode_lwm2m(&other) : libcbor_encode_senml(&other)) > 0);
		free(other);
	}
}

static double per_second(unsigned content, int way, bool decode, const uint8_t *at, size_t size)
{
	struct bench_span begin = bench_now();
	int64_t cpu;
	size_t turns = 0;

	do {
		turn(content, way, decode, at, size);
		turns++;
		cpu = bench_since(begin).cpu;
	} while (cpu < ROUND);
	return (double)(turns * RECORDS) * 1e9 / (double)cpu;
}

/* The three ways in turn, so that what else the machine does falls on all of them. */
static void contest(const char *name, unsigned content, bool decode)
{
	static uint8_t payload[sizeof(room)];
	double rates[WAYS][ROUNDS], times[ROUNDS], behind[ROUNDS];
	const uint8_t *at;
	size_t size = ours_encode(content, &at);
	char line[80];

	memcpy(payload, at, size);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (int way = 0; way < WAYS; way++) {
			rates[way][round] = per_second(content, way, decode, payload, size) / 1e6;
		}
		times[round] = rates[OURS][round] / rates[LIBCBOR][round];
		behind[round] = rates[REFERENCE][round] / rates[OURS][round];
	}
	bench_values(name, "M records/s", rates[OURS], ROUNDS, BENCH_NOTHING);
	(void)snprintf(line, sizeof(line), "   libcbor, %.1f bytes a record",
		       (double)size / RECORDS);
	bench_values(line, "M records/s", rates[LIBCBOR], ROUNDS, BENCH_NOTHING);
	bench_values("   a loop for this payload alone", "M records/s", rates[REFERENCE], ROUNDS,
		     BENCH_NOTHING);
	bench_values("   against libcbor", "times", times, ROUNDS, -10);
	bench_values("   the loop against it", "times", behind, ROUNDS, 2);
}

int main(void)
{
	for (size_t i = 0; i < RECORDS; i++) {
		const uint16_t ids[] = {3303, (uint16_t)(i / 10), 5700};

		records[i].path = lwm2m_path_of(3, ids);
		records[i].value.type = LWM2M_FLOAT;
		records[i].value.v.f = 20 + sin((double)i);
		records[i].time = (EPOCH + (int64_t)i) * SECOND;
	}
	contest("SenML CBOR encode", LWM2M_CONTENT_SENML_CBOR, false);
	contest("SenML CBOR decode", LWM2M_CONTENT_SENML_CBOR, true);
	for (size_t i = 0; i < RECORDS; i++) {
		records[i].path.ids[1] = (uint16_t)i;
	}
	contest("LwM2M CBOR encode", LWM2M_CONTENT_LWM2M_CBOR, false);
	contest("LwM2M CBOR decode", LWM2M_CONTENT_LWM2M_CBOR, true);
	check(sum > 0);
	return bench_end();
}
