/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/oracle.h"

#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>
#include <tests/lib/sparkplug_b.pb-c.h>

#include "core/base/check.h"

static void oracle_clean(ProtobufCMessage *message);

static void *oracle_member(ProtobufCMessage *message, unsigned offset)
{
	return (char *)message + offset;
}

static void oracle_clean_nested(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	void *member = oracle_member(message, field->offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t count = *(size_t *)oracle_member(message, field->quantifier_offset);
		ProtobufCMessage **list = *(ProtobufCMessage ***)member;

		for (size_t i = 0; i < count; i++) {
			oracle_clean(list[i]);
		}
	} else if (*(ProtobufCMessage **)member != NULL) {
		oracle_clean(*(ProtobufCMessage **)member);
	}
}

static int oracle_is_zero(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	void *member = oracle_member(message, field->offset);

	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		/* of a template the flag says something by being there */
		return strcmp(field->name, "is_definition") != 0 &&
		       strcmp(field->name, "is_multi_part") != 0 &&
		       *(protobuf_c_boolean *)member == 0;
	case PROTOBUF_C_TYPE_UINT32:
		return strcmp(field->name, "type") == 0 && *(uint32_t *)member == 0;
	case PROTOBUF_C_TYPE_UINT64:
		return strcmp(field->name, "num_of_columns") == 0 && *(uint64_t *)member == 0;
	default:
		return 0;
	}
}

static void oracle_clean_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	unsigned is_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;

	if (is_oneof &&
	    *(uint32_t *)oracle_member(message, field->quantifier_offset) != field->id) {
		return;
	}
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		oracle_clean_nested(message, field);
	} else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_oneof &&
		   field->type != PROTOBUF_C_TYPE_STRING && oracle_is_zero(message, field)) {
		*(protobuf_c_boolean *)oracle_member(message, field->quantifier_offset) = 0;
	}
}

static void oracle_clean(ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->n_unknown_fields; i++) {
		free(message->unknown_fields[i].data);
	}
	free(message->unknown_fields);
	message->unknown_fields = NULL;
	message->n_unknown_fields = 0;
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		oracle_clean_field(message, &message->descriptor->fields[i]);
	}
}

uint8_t *oracle_canonical(const void *payload, size_t size, size_t *size_out)
{
	ProtobufCMessage *message = protobuf_c_message_unpack(
		&org__eclipse__tahu__protobuf__payload__descriptor, NULL, size, payload);
	uint8_t *packed;

	if (message == NULL) {
		return NULL;
	}
	oracle_clean(message);
	*size_out = protobuf_c_message_get_packed_size(message);
	packed = malloc(*size_out + 1);
	check(packed != NULL);
	check(protobuf_c_message_pack(message, packed) == *size_out);
	protobuf_c_message_free_unpacked(message, NULL);
	return packed;
}
