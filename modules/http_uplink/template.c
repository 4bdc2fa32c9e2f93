/* SPDX-License-Identifier: Apache-2.0 */
/* Text with places to fill in: see template.h. */
#include "modules/http_uplink/template.h"

#include <stddef.h>
#include <string.h>

struct place {
	const char *name;
	size_t offset;          /* in struct template_values */
	bool per_device;
};

static const struct place places[] = {
	{"gateway", offsetof(struct template_values, gateway), false},
	{"group", offsetof(struct template_values, group), false},
	{"instance", offsetof(struct template_values, instance), false},
	{"device", offsetof(struct template_values, device), true},
	{"type", offsetof(struct template_values, type), true},
};

/* The place at an open brace, or NULL. */
static const struct place *template_place(const char *at)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t size = strlen(places[i].name);

		if (strncmp(at + 1, places[i].name, size) == 0 && at[1 + size] == '}') {
			return &places[i];
		}
	}
	return NULL;
}

/* {{ or }} */
static bool template_is_brace(const char *at)
{
	return (at[0] == '{' || at[0] == '}') && at[1] == at[0];
}

const char *template_fault(const char *text)
{
	const struct place *place;

	while (*text != '\0') {
		if (template_is_brace(text)) {
			text += 2;
		} else if (*text == '}') {
			return "has a '}' without a '{'; a brace itself is written twice";
		} else if (*text != '{') {
			text++;
		} else {
			place = template_place(text);
			if (place == NULL) {
				return "names what is not known; there are {gateway}, {group}, "
				       "{instance}, {device} and {type}";
			}
			text += strlen(place->name) + 2;
		}
	}
	return NULL;
}

bool template_is_per_device(const char *text)
{
	const struct place *place;

	while (*text != '\0') {
		if (template_is_brace(text)) {
			text += 2;
			continue;
		}
		place = *text == '{' ? template_place(text) : NULL;
		if (place != NULL && place->per_device) {
			return true;
		}
		text++;
	}
	return false;
}

static bool template_is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void template_value(struct bytes *to, const char *value, enum template_use use)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (use == TEMPLATE_URL && !template_is_unreserved(*value)) {
			char text[3] = {'%', hex[c >> 4], hex[c & 15]};

			bytes_add(to, text, sizeof(text));
		} else {
			/* a control character could end a header */
			bytes_char(to, c < ' ' || c == 0x7f ? '?' : *value);
		}
	}
}

void template_fill(struct bytes *to, const char *text, const struct template_values *values,
		   enum template_use use)
{
	while (*text != '\0') {
		const struct place *place = *text == '{' ? template_place(text) : NULL;
		const char *value = NULL;

		if (place != NULL) {
			memcpy(&value, (const char *)values + place->offset, sizeof(value));
			template_value(to, value != NULL ? value : "", use);
			text += strlen(place->name) + 2;
		} else {
			bytes_char(to, *text);
			text += template_is_brace(text) ? 2 : 1;
		}
	}
}
