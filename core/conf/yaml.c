/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events to our tree; the only file that includes <yaml.h>.
 *
 * Keeps a stack of open lists and maps (bounded by the depth limit), so that
 * nesting costs no C stack. What is wrong with the content is told and reading
 * goes on; what breaks the syntax ends it. Does not know what keys mean.
 */
#include "core/conf/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/base/check.h"
#include "core/base/hash.h"

static const char yaml_bom[] = "\xef\xbb\xbf"; /* some editors put it in front */

struct yaml_anchor {
	const char *name;
	struct conf_place place;
	struct ew_node *node; /* NULL while the node is still open */
};

/* A list or map whose end has not come yet. */
struct yaml_frame {
	struct ew_node *node;
	struct node_entry *entries; /* of a list: only the values */
	size_t count;
	size_t room;
	const char *key; /* of a map: waiting for its value */
	struct conf_place key_place;
	struct yaml_anchor *anchor;
};

struct yaml_state {
	struct yaml_reader *reader;
	const char *file;
	yaml_parser_t parser;
	struct hash anchors;
	struct ew_node *root;
	struct yaml_frame *frames; /* limits->depth of them */
	size_t depth; /* frames in use */
	size_t documents;
	size_t errors_before;
	const char *text; /* what is parsed */
	size_t size;
};

static struct conf_place yaml_place(const struct yaml_state *state, yaml_mark_t mark)
{
	return (struct conf_place){
		.file = state->file,
		.line = (uint32_t)mark.line + 1,
		.col = (uint32_t)mark.column + 1,
	};
}

static bool yaml_is_merge_key(const char *key)
{
	return strcmp(key, "<<") == 0;
}

/* Append to the open list or map; a map's key was put aside before. */
static int yaml_frame_add(struct yaml_state *state, struct yaml_frame *frame, struct ew_node *value)
{
	struct node_entry *entry;

	if (frame->count == frame->room) {
		size_t room = frame->room == 0 ? 8 : frame->room * 2;
		struct node_entry *entries = realloc(frame->entries, room * sizeof(*entries));

		if (entries == NULL) {
			return diag_no_memory(state->reader->diag, &value->place);
		}
		frame->entries = entries;
		frame->room = room;
	}
	entry = &frame->entries[frame->count++];
	*entry = (struct node_entry){frame->key, frame->key_place, value};
	frame->key = NULL;
	frame->node->weight += value->weight;
	return 0;
}

static int yaml_attach(struct yaml_state *state, struct ew_node *node)
{
	if (state->depth == 0) {
		state->root = node;
		return 0;
	}
	return yaml_frame_add(state, &state->frames[state->depth - 1], node);
}

/* Count nodes against the limit that aliases could otherwise explode. */
static int yaml_count(struct yaml_state *state, const struct conf_place *place, uint32_t nodes)
{
	struct yaml_reader *reader = state->reader;

	if (nodes > reader->limits->nodes - reader->nodes) {
		return diag_error(reader->diag, place,
				  "more than %u values in all (aliases are counted each time)",
				  reader->limits->nodes);
	}
	reader->nodes += nodes;
	return 0;
}

static int yaml_define_anchor(struct yaml_state *state, const yaml_char_t *name,
			      const struct conf_place *place, struct yaml_anchor **anchor_out)
{
	struct arena *arena = state->reader->arena;
	struct diag *diag = state->reader->diag;
	struct yaml_anchor *anchor;
	const char *text = (const char *)name;
	int ret;

	*anchor_out = NULL;
	if (name == NULL) {
		return 0;
	}
	anchor = arena_take(arena, sizeof(*anchor));
	if (anchor != NULL) {
		anchor->name = arena_text(arena, text, strlen(text));
		anchor->place = *place;
	}
	if (anchor == NULL || anchor->name == NULL) {
		return diag_no_memory(diag, place);
	}
	ret = hash_put(&state->anchors, anchor->name, anchor);
	if (ret == -EEXIST) {
		const struct yaml_anchor *first = hash_find(&state->anchors, text);

		(void)diag_error(diag, place, "anchor '&%s' is defined twice, first at %s:%u:%u",
				 text, first->place.file, first->place.line, first->place.col);
		return 0; /* told; the first one stays */
	}
	if (ret < 0) {
		return diag_no_memory(diag, place);
	}
	*anchor_out = anchor;
	return 0;
}

static int yaml_on_alias(struct yaml_state *state, const yaml_event_t *event)
{
	struct conf_place place = yaml_place(state, event->start_mark);
	const char *name = (const char *)event->data.alias.anchor;
	const struct yaml_anchor *anchor = hash_find(&state->anchors, name);
	struct diag *diag = state->reader->diag;
	int ret;

	if (state->depth > 0) {
		struct yaml_frame *frame = &state->frames[state->depth - 1];

		if (frame->node->kind == EW_NODE_MAP && frame->key == NULL) {
			return diag_error(diag, &place, "'*%s' cannot be a key", name);
		}
	}
	if (anchor == NULL) {
		return diag_error(diag, &place, "'*%s' names no anchor before it", name);
	}
	if (anchor->node == NULL) {
		return diag_error(diag, &place, "'*%s' stands inside what it names (%s:%u:%u)",
				  name, anchor->place.file, anchor->place.line, anchor->place.col);
	}
	ret = yaml_count(state, &place, anchor->node->weight);
	return ret < 0 ? ret : yaml_attach(state, anchor->node);
}

/* A scalar where a map wants a key: put aside until its value comes. */
static int yaml_on_key(struct yaml_state *state, struct yaml_frame *frame,
		       const struct conf_place *place, const char *text, bool is_plain)
{
	if (is_plain && yaml_is_merge_key(text)) {
		(void)diag_error(state->reader->diag, place,
				 "merge key '<<' is not supported"); /* reading goes on */
	}
	frame->key = arena_text(state->reader->arena, text, strlen(text));
	frame->key_place = *place;
	if (frame->key == NULL) {
		return diag_no_memory(state->reader->diag, place);
	}
	return 0;
}

static void yaml_refuse_tag(struct yaml_state *state, const struct conf_place *place,
			    const yaml_char_t *tag)
{
	if (tag != NULL) {
		(void)diag_error(state->reader->diag, place, "tag '%s' is not supported",
				 (const char *)tag); /* reading goes on */
	}
}

/* How the text stands in the file; a literal's indentation is that of its first line. */
static void yaml_note_layout(const struct yaml_state *state, const yaml_event_t *event,
			     struct ew_node *node)
{
	yaml_scalar_style_t style = event->data.scalar.style;
	const char *at = state->text, *end = state->text + state->size;
	size_t blanks;

	if (style == YAML_FOLDED_SCALAR_STYLE) {
		return;
	}
	if (style != YAML_LITERAL_SCALAR_STYLE) {
		if (event->end_mark.line == event->start_mark.line) {
			node->layout = NODE_LINE;
		}
		return;
	}
	for (size_t line = 0; line <= event->start_mark.line && at < end; line++) {
		const char *next = memchr(at, '\n', (size_t)(end - at));

		at = next == NULL ? end : next + 1;
	}
	for (blanks = 0; at + blanks < end && at[blanks] == ' '; blanks++) {
		;
	}
	if (at + blanks < end && at[blanks] != '\n' && blanks <= UINT16_MAX) {
		node->layout = NODE_LITERAL;
		node->indent = (uint16_t)blanks;
	}
}

static int yaml_on_scalar(struct yaml_state *state, const yaml_event_t *event)
{
	struct conf_place place = yaml_place(state, event->start_mark);
	const char *text = (const char *)event->data.scalar.value;
	size_t size = event->data.scalar.length;
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct yaml_reader *reader = state->reader;
	struct yaml_anchor *anchor;
	struct ew_node *node;
	int ret;

	yaml_refuse_tag(state, &place, event->data.scalar.tag);
	if (size > reader->limits->scalar_bytes) {
		(void)diag_error(reader->diag, &place, "text of %zu bytes, the limit is %zu", size,
				 reader->limits->scalar_bytes);
		text = "";
		size = 0;
	} else if (memchr(text, '\0', size) != NULL) {
		(void)diag_error(reader->diag, &place, "a zero byte in a text");
		size = strlen(text);
	}
	if (state->depth > 0) {
		struct yaml_frame *frame = &state->frames[state->depth - 1];

		if (frame->node->kind == EW_NODE_MAP && frame->key == NULL) {
			return yaml_on_key(state, frame, &place, text, is_plain);
		}
	}
	ret = yaml_count(state, &place, 1);
	if (ret == 0) {
		ret = yaml_define_anchor(state, event->data.scalar.anchor, &place, &anchor);
	}
	if (ret < 0) {
		return ret;
	}
	node = node_new_scalar(reader->arena, &place, text, size);
	if (node == NULL) {
		return diag_no_memory(reader->diag, &place);
	}
	node->is_quoted = !is_plain;
	yaml_note_layout(state, event, node);
	if (anchor != NULL) {
		anchor->node = node;
	}
	return yaml_attach(state, node);
}

static int yaml_on_open(struct yaml_state *state, const yaml_event_t *event, enum ew_node_kind kind)
{
	struct conf_place place = yaml_place(state, event->start_mark);
	struct yaml_reader *reader = state->reader;
	bool is_map = kind == EW_NODE_MAP;
	struct yaml_frame *frame;
	int ret;

	yaml_refuse_tag(state, &place,
			is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag);
	if (state->depth == reader->limits->depth) {
		return diag_error(reader->diag, &place, "nested deeper than %u levels",
				  reader->limits->depth);
	}
	if (state->depth > 0) {
		frame = &state->frames[state->depth - 1];
		if (frame->node->kind == EW_NODE_MAP && frame->key == NULL) {
			return diag_error(reader->diag, &place, "a key must be text, not %s",
					  is_map ? "a map" : "a list");
		}
	}
	ret = yaml_count(state, &place, 1);
	if (ret < 0) {
		return ret;
	}
	frame = &state->frames[state->depth];
	memset(frame, 0, sizeof(*frame));
	frame->node = arena_take(reader->arena, sizeof(*frame->node));
	if (frame->node == NULL) {
		return diag_no_memory(reader->diag, &place);
	}
	frame->node->place = place;
	frame->node->kind = kind;
	frame->node->weight = 1;
	state->depth++;
	return yaml_define_anchor(state,
				  is_map ? event->data.mapping_start.anchor
					 : event->data.sequence_start.anchor,
				  &place, &frame->anchor);
}

/* Tell every key that stands twice, and keep the first one. */
static int yaml_refuse_duplicates(struct yaml_state *state, struct yaml_frame *frame)
{
	struct hash seen;
	size_t i, kept = 0;
	int ret = 0;

	hash_init(&seen, frame->count);
	for (i = 0; i < frame->count && ret == 0; i++) {
		struct node_entry *entry = &frame->entries[i];

		frame->entries[kept] = *entry;
		ret = hash_put(&seen, entry->key, &frame->entries[kept]);
		if (ret == -EEXIST) {
			const struct node_entry *first = hash_find(&seen, entry->key);

			(void)diag_error(state->reader->diag, &entry->place,
					 "'%s' is given twice, first at %s:%u:%u", entry->key,
					 first->place.file, first->place.line, first->place.col);
			ret = 0; /* told */
		} else {
			kept++;
		}
	}
	hash_fini(&seen);
	frame->count = kept;
	return ret < 0 ? diag_no_memory(state->reader->diag, &frame->node->place) : 0;
}

static int yaml_on_close(struct yaml_state *state)
{
	struct arena *arena = state->reader->arena;
	struct yaml_frame *frame;
	struct ew_node *node;
	bool is_full = false;
	size_t i;
	int ret;

	check(state->depth > 0);
	frame = &state->frames[state->depth - 1];
	node = frame->node;
	if (node->kind == EW_NODE_MAP) {
		ret = yaml_refuse_duplicates(state, frame);
		if (ret < 0) {
			return ret;
		}
		node->as.entries = arena_array(arena, frame->count, sizeof(*frame->entries));
		is_full = node->as.entries == NULL;
		if (!is_full && frame->count > 0) {
			memcpy(node->as.entries, frame->entries,
			       frame->count * sizeof(*frame->entries));
		}
	} else {
		node->as.items = arena_array(arena, frame->count, sizeof(*node->as.items));
		is_full = node->as.items == NULL;
		for (i = 0; !is_full && i < frame->count; i++) {
			node->as.items[i] = frame->entries[i].value;
		}
	}
	if (is_full) {
		return diag_no_memory(state->reader->diag, &node->place);
	}
	node->count = (uint32_t)frame->count;
	if (frame->anchor != NULL) {
		frame->anchor->node = node;
	}
	free(frame->entries);
	frame->entries = NULL;
	state->depth--;
	return yaml_attach(state, node);
}

static int yaml_on_event(struct yaml_state *state, const yaml_event_t *event)
{
	struct conf_place place = yaml_place(state, event->start_mark);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (state->documents++ > 0) {
			return diag_error(state->reader->diag, &place,
					  "a second document begins; a file holds one");
		}
		return 0;
	case YAML_ALIAS_EVENT:
		return yaml_on_alias(state, event);
	case YAML_SCALAR_EVENT:
		return yaml_on_scalar(state, event);
	case YAML_SEQUENCE_START_EVENT:
		return yaml_on_open(state, event, EW_NODE_LIST);
	case YAML_MAPPING_START_EVENT:
		return yaml_on_open(state, event, EW_NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return yaml_on_close(state);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

static int yaml_syntax_error(struct yaml_state *state)
{
	const yaml_parser_t *parser = &state->parser;
	struct conf_place place = yaml_place(state, parser->problem_mark);
	struct diag *diag = state->reader->diag;

	if (parser->error == YAML_MEMORY_ERROR) {
		return diag_no_memory(diag, &place);
	}
	if (parser->context != NULL) {
		return diag_error(diag, &place, "%s %s (begun in line %zu)", parser->problem,
				  parser->context, parser->context_mark.line + 1);
	}
	return diag_error(diag, &place, "%s",
			  parser->problem != NULL ? parser->problem : "not YAML");
}

static int yaml_run(struct yaml_state *state)
{
	bool is_done = false;
	int ret = 0;

	while (!is_done && ret == 0) {
		yaml_event_t event;

		if (yaml_parser_parse(&state->parser, &event) == 0) {
			return yaml_syntax_error(state);
		}
		is_done = event.type == YAML_STREAM_END_EVENT;
		ret = yaml_on_event(state, &event);
		yaml_event_delete(&event);
	}
	return ret;
}

int yaml_read(struct yaml_reader *reader, const char *file, const char *text, size_t size,
	      struct ew_node **node_out)
{
	struct yaml_state state = {.reader = reader, .file = file};
	struct conf_place whole = {.file = file, .line = 1, .col = 1};
	size_t i;
	int ret;

	if (size >= sizeof(yaml_bom) - 1 && memcmp(text, yaml_bom, sizeof(yaml_bom) - 1) == 0) {
		text += sizeof(yaml_bom) - 1;
		size -= sizeof(yaml_bom) - 1;
	}
	ret = conf_file_check_text(reader->diag, file, text, size);
	if (ret < 0) {
		return ret;
	}
	state.text = text;
	state.size = size;
	state.errors_before = reader->diag->errors;
	state.frames = calloc(reader->limits->depth, sizeof(*state.frames));
	if (state.frames == NULL || yaml_parser_initialize(&state.parser) == 0) {
		free(state.frames);
		return diag_no_memory(reader->diag, &whole);
	}
	hash_init(&state.anchors, reader->limits->nodes);
	yaml_parser_set_encoding(&state.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&state.parser, (const unsigned char *)text, size);
	ret = yaml_run(&state);
	for (i = 0; i < reader->limits->depth; i++) {
		free(state.frames[i].entries);
	}
	free(state.frames);
	hash_fini(&state.anchors);
	yaml_parser_delete(&state.parser);
	if (ret < 0) {
		return ret;
	}
	if (reader->diag->errors > state.errors_before) {
		return -EINVAL;
	}
	if (state.root == NULL || node_is_null(state.root)) {
		state.root = node_new_map(reader->arena, &whole, 0);
		if (state.root == NULL) {
			return diag_no_memory(reader->diag, &whole);
		}
	}
	*node_out = state.root;
	return 0;
}
