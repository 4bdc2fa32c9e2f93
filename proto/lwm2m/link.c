/* SPDX-License-Identifier: Apache-2.0 */
/* Link format: see link.h. */
#include "proto/lwm2m/link.h"

#include <string.h>

static void links_blanks(struct lwm2m_links *links)
{
	while (links->at < links->end && (*links->at == ' ' || *links->at == '\t')) {
		links->at++;
	}
}

void lwm2m_links_begin(struct lwm2m_links *links, const char *text, size_t size)
{
	links->at = text;
	links->end = text + size;
	links->started = false;
}

/* From a semicolon to the comma that ends the link; commas in quotes do not. */
static int links_attributes(struct lwm2m_links *links, struct lwm2m_text *attributes_out)
{
	const char *begin = links->at;
	bool quoted = false;

	while (links->at < links->end && (quoted || *links->at != ',')) {
		if (quoted && *links->at == '\\' && links->end - links->at > 1) {
			links->at++;
		} else if (*links->at == '"') {
			quoted = !quoted;
		}
		links->at++;
	}
	attributes_out->at = begin;
	attributes_out->size = (size_t)(links->at - begin);
	return quoted || (attributes_out->size > 0 && *begin != ';') ? -EPROTO : 0;
}

int lwm2m_links_next(struct lwm2m_links *links, struct lwm2m_link *link_out)
{
	const char *close;

	links_blanks(links);
	if (links->at == links->end && !links->started) {
		return 0;
	}
	if (links->started) {
		if (links->at == links->end) {
			return 0;
		}
		if (*links->at++ != ',') {
			return -EPROTO;
		}
		links_blanks(links);
	}
	if (links->at == links->end || *links->at++ != '<') {
		return -EPROTO;
	}
	close = memchr(links->at, '>', (size_t)(links->end - links->at));
	if (close == NULL ||
	    lwm2m_path_parse(links->at, (size_t)(close - links->at), &link_out->path) != 0) {
		return -EPROTO;
	}
	links->at = close + 1;
	links_blanks(links);
	links->started = true;
	return links_attributes(links, &link_out->attributes) == 0 ? 1 : -EPROTO;
}

bool lwm2m_link_attribute(const struct lwm2m_link *link, const char *name,
			  struct lwm2m_text *value_out)
{
	const char *at = link->attributes.at;
	const char *end = at + link->attributes.size;
	size_t size = strlen(name);

	while (at < end) {
		const char *key = ++at;         /* behind the semicolon */
		const char *value;
		size_t key_size;
		bool quoted = false;

		while (at < end && *at != ';' && *at != '=') {
			at++;
		}
		key_size = (size_t)(at - key);
		at += at < end && *at == '=' ? 1 : 0;
		value = at;
		while (at < end && (quoted || *at != ';')) {
			quoted = *at == '"' ? !quoted : quoted;
			at++;
		}
		while (key_size > 0 && *key == ' ') {
			key++;
			key_size--;
		}
		if (key_size != size || memcmp(key, name, size) != 0) {
			continue;
		}
		value_out->at = value;
		value_out->size = (size_t)(at - value);
		if (value_out->size >= 2 && value[0] == '"' && at[-1] == '"') {
			value_out->at++;
			value_out->size -= 2;
		}
		return true;
	}
	return false;
}

static void link_put_text(struct cbor_out *out, const char *text, size_t size)
{
	if (cbor_room(out, size)) {
		memcpy(out->at, text, size);
		out->at += size;
	}
}

void lwm2m_links_put(struct lwm2m_links_out *links, const struct lwm2m_path *path,
		     const char *attributes)
{
	char text[LWM2M_PATH_MAX];
	size_t size = lwm2m_path_format(path, text);

	if (links->started) {
		link_put_text(&links->out, ",", 1);
	}
	links->started = true;
	link_put_text(&links->out, "<", 1);
	link_put_text(&links->out, text, size);
	link_put_text(&links->out, ">", 1);
	link_put_text(&links->out, attributes, strlen(attributes));
}
